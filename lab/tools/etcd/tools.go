//go:build tools

// Package tools pins what lab/tools.ts builds from this module: see go.mod for the versions.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
)
