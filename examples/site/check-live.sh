#!/bin/sh
# Fails unless the release at $FAIRLEAD_URL serves the page that this commit has.
set -eu
if command -v curl >/dev/null; then page=$(curl -fsS "$FAIRLEAD_URL/"); else page=$(wget -qO- "$FAIRLEAD_URL/"); fi
case $page in
  *"<h1>"*) echo "$FAIRLEAD_URL serves the site" ;;
  *) echo "$FAIRLEAD_URL serves something else" >&2 && exit 1 ;;
esac
