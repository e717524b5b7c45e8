#!/usr/bin/env bash
# Looks for what would go wrong in a maintenance of this stack, and changes nothing.
#
#   ci/check.sh STACK
#
# Exit codes: those of `maintenance check` (docs/command.md).
set -euo pipefail
if [ -z "${1-}" ]; then
  echo "Refused: no stack is named, and nothing was done. Usage: ci/check.sh STACK, such as ci/check.sh production" >&2
  exit 2
fi
cd "$(dirname "$0")/.."

node cli/maintenance.js check --stack "$1"
