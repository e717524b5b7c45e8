#!/usr/bin/env bash
# Applies a stack, and says what visitors see after it.
#
#   ci/up.sh STACK
#
# Exit codes: that of `pulumi up`, or of `maintenance rights` or `maintenance status` (docs/command.md).
set -euo pipefail
cd "$(dirname "$0")/.."

# Without a right to watch, Pulumi's Kubernetes plugin waits for ever, and the stack stays locked.
node cli/maintenance.js rights --stack "$1"
# What somebody changed in the cluster by hand is seen by a refresh alone. One of everything would need the bucket as well. With the
# program run, the plugin reads this machine's kubeconfig by its context's name of today, and not by that of the last `up`.
pulumi refresh --stack "$1" --run-program --yes --skip-preview --non-interactive --color never \
  --target 'urn:pulumi:*::*::maintenance-pages:index:PageServer$**' \
  --target 'urn:pulumi:*::*::maintenance-pages:index:MaintenanceOverrides$**' > /dev/null
pulumi up --stack "$1" --yes --non-interactive --color never
# The controller reloads its nginx every 3.3 seconds at most.
sleep 5
node cli/maintenance.js status --stack "$1"
