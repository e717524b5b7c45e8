#!/usr/bin/env bash
# Applies a stack, and says what visitors see after it.
#
#   ci/up.sh STACK
#
# Exit codes: that of `pulumi up`, or of `maintenance status` (docs/command.md).
set -euo pipefail
cd "$(dirname "$0")/.."

pulumi up --stack "$1" --yes --non-interactive --color never
# The controller reloads its nginx every 3.3 seconds at most.
sleep 5
node cli/maintenance.js status --stack "$1"
