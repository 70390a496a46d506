import { defineFileKind, refuseCharacters } from '../file-kind.ts'

/** `postgres -C` reads the file and prints one setting; see postgres(1). */
const check = [
  'versions=/usr/lib/postgresql/*/bin/postgres',
  'program=$(command -v postgres || ls -d $versions 2>/dev/null | tail -1)',
  '[ -n "$program" ] || exit 0',
  'place=$(mktemp -d) && trap \'rm -rf "$place"\' EXIT',
  'chmod 700 "$place"',
  '"$program" -C port -D "$place" -c config_file="$FILE" >/dev/null',
].join('\n')

export default defineFileKind({
  kind: 'postgresql',
  title: 'PostgreSQL, checked with `postgres -C`',
  names: ['postgresql.conf'],
  example: {
    good: "shared_buffers = '16MB'\nmax_connections = 20\n",
    bad: "shared_buffers = '16XB'\n",
  },
  refuse: refuseCharacters(/['\\#]/, "' \\ #"),
  check,
})
