#!/usr/bin/env bash
# Writes a pull request's comment on GitHub, or writes the one of the same first line anew. Needs gh, with GH_TOKEN.
#
#   ci/comment.sh OWNER/REPOSITORY NUMBER FILE
set -euo pipefail
if [ -z "${1-}" ] || [ -z "${2-}" ] || [ -z "${3-}" ]; then
  echo "Refused: an argument is missing, and nothing was done. Usage: ci/comment.sh OWNER/REPOSITORY NUMBER FILE, such as ci/comment.sh acme/pages 7 comment.md" >&2
  exit 2
fi

repository=$1 number=$2 file=$3
mark=$(head -n 1 "$file")
comment=$(gh api --paginate "repos/$repository/issues/$number/comments" \
  --jq ".[] | select(.body | startswith(\"$mark\")) | .id" | head -n 1)
if [ -n "$comment" ]; then
  gh api --method PATCH "repos/$repository/issues/comments/$comment" --field "body=@$file" > /dev/null
else
  gh api --method POST "repos/$repository/issues/$number/comments" --field "body=@$file" > /dev/null
fi
