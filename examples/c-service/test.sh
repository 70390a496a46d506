#!/bin/sh
# Starts the server, asks it, and ends it.
set -eu
log=$(mktemp)
port=18000
while :; do
  PORT=$port ./hash-server >"$log" 2>&1 &
  pid=$!
  tries=0
  while ! grep -q . "$log" && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
  if grep -q listening "$log"; then break; fi
  port=$((port + 1))
  if [ $port -gt 18100 ]; then cat "$log"; exit 1; fi
done
trap 'kill -9 $pid 2>/dev/null || true; rm -f "$log"' EXIT
FAIRLEAD_URL=http://127.0.0.1:$port sh check.sh
kill "$pid"
wait "$pid" || { echo "it ended with $?" >&2; exit 1; }
echo "server: all well"
