// Pulumi's Kubernetes plugin. The command in its own module needs files that are generated at a release: the schema for
// generating SDKs. A plugin that only manages resources does without.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

// Set by the linker, from go.mod.
var version string

func main() {
	provider.Serve("kubernetes", version, []byte(`{"name":"kubernetes"}`), []byte(`{}`))
}
