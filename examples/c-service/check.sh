#!/bin/sh
# Checks a running release at $FAIRLEAD_URL.
set -eu
ask() { if command -v curl >/dev/null; then curl -fsS "$@"; else wget -qO- "$@"; fi; }
ask "$FAIRLEAD_URL/health" >/dev/null
if command -v curl >/dev/null; then
  found=$(curl -fsS --data hello "$FAIRLEAD_URL/hash")
  [ "$found" = a430d84680aabd0b ] || { echo "the hash of hello is $found" >&2; exit 1; }
fi
echo "$FAIRLEAD_URL is well"
