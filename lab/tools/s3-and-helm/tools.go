//go:build tools

// Package tools pins what lab/tools.ts builds from this module: see go.mod for the versions.
package tools

import (
	_ "github.com/versity/versitygw/cmd/versitygw"
	_ "helm.sh/helm/v3/cmd/helm"
)
