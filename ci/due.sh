#!/usr/bin/env bash
# Begins and ends the windows whose time has come: applies a stack, but only when that would change something because of
# time, or because routes of an instance in maintenance have changed. Otherwise it extends the silences of open-ended maintenance. To be run every
# five minutes.
#
#   ci/due.sh STACK
#
# Exit codes: that of `pulumi up`, or of `maintenance status` (docs/command.md).
set -euo pipefail
if [ -z "${1-}" ]; then
  echo "Refused: no stack is named, and nothing was done. Usage: ci/due.sh STACK, such as ci/due.sh production" >&2
  exit 2
fi
cd "$(dirname "$0")/.."

code=0
node cli/maintenance.js due --stack "$1" || code=$?
case $code in
  0)
    node cli/maintenance.js notify --stack "$1" || true
    node cli/maintenance.js status --stack "$1"
    ;;
  4) ci/up.sh "$1" ;;
  *) exit "$code" ;;
esac
