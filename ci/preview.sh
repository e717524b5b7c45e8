#!/usr/bin/env bash
# Previews a stack, and prints what a pull request's comment says of it, as Markdown.
#
#   ci/preview.sh STACK
#
# Ends with the preview's exit code.
set -euo pipefail
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
exit "$code"
