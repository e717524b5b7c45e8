#!/usr/bin/env bash
# Looks for what would go wrong in a maintenance of this stack, and changes nothing.
#
#   ci/check.sh STACK
#
# Exit codes: those of `maintenance check` (docs/command.md).
set -euo pipefail
cd "$(dirname "$0")/.."

node cli/maintenance.js check --stack "$1"
