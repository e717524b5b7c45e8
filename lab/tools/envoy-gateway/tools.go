//go:build tools

// Package tools pins what lab/tools/tools.ts builds from this module: see go.mod for the versions.
package tools

import (
	_ "github.com/envoyproxy/gateway/cmd/envoy-gateway"
)
