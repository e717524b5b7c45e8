#!/usr/bin/env bash
# Applies a stack, and says what visitors see after it.
#
#   ci/up.sh STACK
#
# Exit codes: that of `pulumi up`, or of `maintenance status` (docs/command.md).
set -euo pipefail
cd "$(dirname "$0")/.."

# What somebody changed of the overrides by hand is seen by a refresh alone. One of everything would need the bucket as well.
pulumi refresh --stack "$1" --yes --skip-preview --non-interactive --color never \
  --target 'urn:pulumi:*::*::maintenance-pages:index:MaintenanceOverrides$**' > /dev/null
pulumi up --stack "$1" --yes --non-interactive --color never
# The controller reloads its nginx every 3.3 seconds at most.
sleep 5
node cli/maintenance.js status --stack "$1"
