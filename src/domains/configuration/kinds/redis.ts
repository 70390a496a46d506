import { defineFileKind, refuseCharacters } from '../file-kind.ts'

/**
 * Redis has no command that only checks a file, so the file is loaded by a server without a port
 * and without data, which is stopped again. `--replicaof no one` keeps it from copying data.
 */
const check = [
  'command -v redis-server >/dev/null || exit 0',
  'place=$(mktemp -d) && trap \'rm -rf "$place"\' EXIT',
  'redis-server "$FILE" --port 0 --tls-port 0 --unixsocket "$place/socket" --dir "$place" ' +
    '--dbfilename check.rdb --save "" --appendonly no --replicaof no one --daemonize no ' +
    '--pidfile "$place/pid" --logfile "" --supervised no >"$place/output" 2>&1 & server=$!',
  'while [ ! -S "$place/socket" ] && kill -0 $server 2>/dev/null; do sleep 0.02; done',
  'if [ -S "$place/socket" ]; then kill -9 $server; exit 0; fi',
  'cat "$place/output" >&2; exit 1',
].join('\n')

export default defineFileKind({
  kind: 'redis',
  title: 'Redis, checked by a start without data',
  names: ['redis.conf'],
  example: {
    good: 'maxmemory 10mb\nmaxmemory-policy allkeys-lru\n',
    bad: 'maxmemory 10mb\nmaxmemory-policy allkeys-lruu\n',
  },
  refuse: refuseCharacters(/["'\\\s]/, '" \' \\ and spaces'),
  check,
})
