#!/usr/bin/env bash
# Applies a stack, and says what visitors see after it.
#
#   ci/up.sh STACK
#
# Exit codes: that of `pulumi up`, or of `maintenance rights` or `maintenance status` (docs/command.md).
set -euo pipefail
cd "$(dirname "$0")/.."

stack=$1

# Without a right to watch, Pulumi's Kubernetes plugin waits for ever, and the stack stays locked.
node cli/maintenance.js rights --stack "$stack"

# What somebody changed in the cluster by hand is seen by a refresh alone. One of everything would need the bucket as well.
refresh() {
  pulumi refresh --stack "$stack" --yes --skip-preview --non-interactive --color never \
    --target 'urn:pulumi:*::*::maintenance-pages:index:PageServer$**' \
    --target 'urn:pulumi:*::*::maintenance-pages:index:MaintenanceOverrides$**'
}
# A refresh reads the cluster by the context that the last `up` had, which may have another name on this machine. An `up` of the
# provider alone puts this machine's there. (--run-program would as well, but together with --target it breaks the state.)
if ! refresh > /dev/null 2>&1; then
  pulumi up --stack "$stack" --yes --skip-preview --non-interactive --color never \
    --target 'urn:pulumi:*::*::pulumi:providers:kubernetes::cluster' > /dev/null
  refresh > /dev/null
fi

pulumi up --stack "$stack" --yes --non-interactive --color never
# The controller reloads its nginx every 3.3 seconds at most.
sleep 5
node cli/maintenance.js status --stack "$stack"
