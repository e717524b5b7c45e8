#!/usr/bin/env bash
# Applies a stack, and says what visitors see after it.
#
#   ci/up.sh STACK
#
# Exit codes: that of `pulumi up`, or of `maintenance rights`, `maintenance elsewhere` or `maintenance status` (docs/command.md).
set -euo pipefail
if [ -z "${1-}" ]; then
  echo "Refused: no stack is named, and nothing was done. Usage: ci/up.sh STACK, such as ci/up.sh production" >&2
  exit 2
fi
cd "$(dirname "$0")/.."

stack=$1

# Without a right to watch, Pulumi's Kubernetes plugin waits for ever, and the stack stays locked.
node cli/maintenance.js rights --stack "$stack"

# An instance that somebody put into maintenance from a laptop must not be opened by a pipeline that does not know of it.
node cli/maintenance.js elsewhere --stack "$stack"

# Runs Pulumi. While another run changes the stack, waits for it: ten minutes at most.
unlocked() {
  local log code attempt
  log=$(mktemp)
  for attempt in $(seq 60); do
    code=0
    pulumi "$@" --stack "$stack" --non-interactive --color never 2>&1 | tee "$log" || code=$?
    if [ "$code" = 0 ] || ! grep -qE 'currently locked|Another update is currently in progress' "$log"; then break; fi
    sleep 10
  done
  rm "$log"
  return "$code"
}

# Prints what a command prints only if it fails.
quietly() {
  local log code=0
  log=$(mktemp)
  "$@" > "$log" 2>&1 || code=$?
  [ "$code" = 0 ] || cat "$log" >&2
  rm "$log"
  return "$code"
}

# What somebody changed in the cluster by hand is seen by a refresh alone. One of everything would need the bucket as well.
refresh() {
  unlocked refresh --yes --skip-preview \
    --target 'urn:pulumi:*::*::maintenance-pages:index:PageServer$**' \
    --target 'urn:pulumi:*::*::maintenance-pages:index:MaintenanceOverrides$**'
}
refreshed=0
refresh > /dev/null 2>&1 || refreshed=$?

# What is applied now, and how the last `up` ended: after the refresh, which has waited for other runs, and before the next `up`. Receivers of
# notifications must not decide how this run ends.
before=$(mktemp)
recorded=$(mktemp)
trap 'rm -f "$before" "$recorded"' EXIT
node cli/maintenance.js notify --stack "$stack" --remember "$before" || true

# A refresh reads the cluster by the context that the last `up` had, which may have another name on this machine. An `up` of the
# provider alone puts this machine's there. (--run-program would as well, but together with --target it breaks the state.) It makes no override, so
# it must not record what is in maintenance: if what comes after it fails, `due` and `notify` would take that for applied.
renew() {
  pulumi stack output --json --stack "$stack" --non-interactive > "$recorded" &&
    MAINTENANCE_PAGES_RECORDED=$recorded unlocked up --yes --skip-preview \
      --target 'urn:pulumi:*::*::pulumi:providers:kubernetes::cluster' &&
    refresh
}

code=0
if [ "$refreshed" != 0 ]; then quietly renew || code=$?; fi
if [ "$code" = 0 ]; then unlocked up --yes || code=$?; fi
if [ "$code" = 0 ]; then
  # The controller reloads its nginx every 3.3 seconds at most.
  sleep 5
  node cli/maintenance.js status --stack "$stack" || code=$?
fi
node cli/maintenance.js notify --stack "$stack" --since "$before" || true
if [ "$code" = 0 ]; then echo "Applied: every host of $stack shows what it should."; fi
exit "$code"
