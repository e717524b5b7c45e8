#!/usr/bin/env bash
# Which stacks a change is about, as a JSON list: those whose own file it changes, or all when it changes anything else that
# a stack is made from.
#
#   ci/stacks.sh '["staging","production"]' BASE
#
# The first argument are the stacks there are; BASE is the commit that the change began at.
set -euo pipefail
if [ -z "${1-}" ] || [ $# -lt 2 ]; then
  echo "Refused: an argument is missing, and nothing was done. Usage: ci/stacks.sh STACKS BASE, such as ci/stacks.sh '[\"staging\",\"production\"]' HEAD~1" >&2
  exit 2
fi
cd "$(dirname "$0")/.."

stacks=$1
changed=$(git diff --name-only "$2"...HEAD)
if grep -qvE '^(Pulumi\.[^/]+\.yaml$|docs/|test/|bench/|lab/|preview/|tutor/|[A-Z]+\.md$|LICENSE$|\.github/|\.ci/|ci/)' <<< "$changed"; then
  echo "$stacks"
else
  node -e '
    const [stacks, changed] = [JSON.parse(process.argv[1]), process.argv[2].split("\n")];
    console.log(JSON.stringify(stacks.filter((stack) => changed.includes(`Pulumi.${stack}.yaml`))));
  ' "$stacks" "$changed"
fi
