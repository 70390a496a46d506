#!/bin/sh
# Fails when a page of the folder links to a file that is not there.
set -eu
cd "${1:?usage: check-links.sh FOLDER}"
broken=0
checked=0
for page in *.html; do
  for link in $(grep -o '\(href\|src\)="[^"]*"' "$page" | sed 's/^[a-z]*="//; s/"$//; s/[#?].*//'); do
    case $link in '' | http:* | https:* | mailto:*) continue ;; esac
    checked=$((checked + 1))
    target=${link#/}
    if [ ! -e "${target:-index.html}" ]; then
      echo "$page links to $link, which does not exist" >&2
      broken=$((broken + 1))
    fi
  done
done
echo "$checked links, $broken broken"
[ "$checked" -gt 0 ] && [ "$broken" -eq 0 ]
