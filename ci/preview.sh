#!/usr/bin/env bash
# Previews a stack and checks it, and prints what a pull request's comment says of it, as Markdown.
#
#   ci/preview.sh STACK
#
# Ends with the preview's exit code.
set -euo pipefail
if [ -z "${1-}" ]; then
  echo "Refused: no stack is named, and nothing was done. Usage: ci/preview.sh STACK, such as ci/preview.sh production" >&2
  exit 2
fi
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8 # characters are counted below, and not bytes

stack=$1
code=0
text=$(pulumi preview --stack "$stack" --diff --non-interactive --color never 2>&1) || code=$?
result=$([ "$code" = 0 ] && echo "fine" || echo "**refused**")

echo "<!-- maintenance-pages: $stack -->"
echo "### Preview of $stack: $result"
echo
echo '<details><summary>What would change</summary>'
echo
echo '````'
# A comment has 65,536 characters at most. What is changed in all is at the end.
if [ "${#text}" -gt 60000 ]; then
  text="${text:0:50000}"$'\n\n… (left out here: a comment is no longer) …\n\n'"${text: -9000}"
fi
printf '%s\n' "$text"
echo '````'
echo '</details>'

# What a check finds is no reason to refuse the change: most of it was there before.
checked=0
text=$(ci/check.sh "$stack" 2>&1) || checked=$?
result=$([ "$checked" = 0 ] && echo "fine" || echo "**something needs you**")
echo
echo "### Check of $stack: $result"
echo
echo '<details><summary>What would go wrong in a maintenance</summary>'
echo
echo '````'
printf '%s\n' "${text: -9000}"
echo '````'
echo '</details>'
exit "$code"
