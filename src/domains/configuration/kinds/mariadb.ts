import { defineFileKind, refuseCharacters } from '../file-kind.ts'

/** With `--help --verbose`, the server reads its file, and prints its settings; see mariadbd(8). */
const check = [
  'program=$(command -v mariadbd || command -v mysqld) || exit 0',
  'output=$("$program" --defaults-file="$FILE" --help --verbose 2>&1 >/dev/null) && exit 0',
  'printf "%s\\n" "$output" | grep -v -e "\\[Warning\\]" -e "\\[Note\\]" >&2',
  'exit 1',
].join('\n')

export default defineFileKind({
  kind: 'mariadb',
  title: 'MariaDB and MySQL, checked with `mariadbd --help --verbose`',
  names: ['my.cnf'],
  example: {
    good: '[mysqld]\nmax-connections = 20\n',
    bad: '[mysqld]\nmax-conections = 20\n',
  },
  refuse: refuseCharacters(/["'\\#]/, '" \' \\ #'),
  check,
})
