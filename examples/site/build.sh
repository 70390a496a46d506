#!/bin/sh
# Puts each page between header and footer, with the page's first heading as its title.
set -eu
cd "$(dirname "$0")"
rm -rf public
mkdir public
version=$(printf %.10s "${FAIRLEAD_COMMIT:-}")
cp style.css public/
for page in pages/*.html; do
  title=$(sed -n 's/.*<h1>\(.*\)<\/h1>.*/\1/p' "$page" | head -n 1)
  if [ -z "$title" ]; then
    echo "$page has no <h1>" >&2
    exit 1
  fi
  {
    sed "s|TITLE|$title|" header.html
    cat "$page"
    sed "s|VERSION|${version:-working tree}|" footer.html
  } >"public/$(basename "$page")"
done
echo "built $(ls public | wc -l | tr -d ' ') files"
