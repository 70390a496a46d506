import { resolve } from 'node:path'
import { readServer, tryWrite } from '#platform/mariadb/foreign.ts'
import {
  type Access,
  type ConfigLine,
  defineSoftware,
  type Facts,
  notExamined,
  optionOf,
  unquote,
  valueOf,
} from '../software.ts'

/** `SHOW GLOBAL VARIABLES` and `SHOW REPLICA STATUS`: https://mariadb.com/kb/en/documentation */
export default defineSoftware({
  name: 'mariadb',
  title: 'MariaDB',
  example: ['mariadbd', '--defaults-file=my.cnf'],
  detect: ([program = '']) => program === 'mariadbd' || program === 'mysqld',
  files: (words, env) => {
    const only = optionOf(words, '--defaults-file')
    const extra = optionOf(words, '--defaults-extra-file')
    const home = env['HOME'] ? [`${env['HOME']}/.my.cnf`] : []
    return only ? [only] : ['/etc/my.cnf', '/etc/mysql/my.cnf', ...(extra ? [extra] : []), ...home]
  },
  parse,
  blame,
  explain: (output) => {
    const text = errorsIn(output).find((one) => !/^(Aborting$|\S+: Out of memory)/.test(one))
    // The value may be a password.
    return text?.replace(/(unknown variable '[^'=]*)=.*'/, "$1'").slice(0, 300) ?? ''
  },
  logs: (words, lines) => {
    const file = optionOf(words, '--log-error') ?? valueOf(lines, 'log_error') ?? ''
    if (file === '' || file === 'stderr') return []
    const folder = optionOf(words, '--datadir') ?? valueOf(lines, 'datadir')
    return [folder === null ? file : resolve(folder, file)]
  },
  unit: 'databases and tables',
  // A start writes the file of temporary tables.
  leastDisk: 17_000_000,
  // Those of InnoDB depend on the file system of the redo log.
  volatile:
    /^(gtid_\w*(pos|state|executed|purged)|server_uu?id|innodb_log_(buffer|write|file_[bm])\w+)$/,
  cause: {
    role: ['read_only', 'super_read_only', 'skip_slave_start', 'skip_replica_start'],
    write: ['innodb_read_only', 'innodb_force_recovery', 'read_only', 'default_storage_engine'],
    data: ['datadir', 'innodb_data_home_dir', 'innodb_data_file_path', 'lower_case_table_names'],
    credential: ['skip_grant_tables', 'require_secure_transport', 'max_connections'],
    port: ['skip_networking', 'port', 'bind_address'],
  },
  examine: (access) => tryUsers(access),
  write: async (access) => {
    let problem: string | null = null
    for (const login of loginsOf(access)) {
      const refusal = await tryWrite(login)
      if (refusal === null) return null
      problem ??= refusal
    }
    return problem
  },
})

/** Groups that the server reads, such as `mysqld` and `mariadb-10.11`. */
const ofServer = /^\[(mysqld|mariadbd?|server|client-server|galera)(-\d+\.\d+)?\]/

/** Names are written with `-` or `_`, and values may be absent. */
function parse(text: string): { line: number; name: string; value: string }[] {
  let isOfServer = false
  return text.split('\n').flatMap((content, index) => {
    const line = content.trim()
    if (line.startsWith('[')) isOfServer = ofServer.test(line)
    const match = /^([A-Za-z][\w.-]{0,100})\s*(?:=\s*(.{0,1000}))?$/.exec(line)
    if (!match || !isOfServer) return []
    const value = unquote((match[2] ?? '').replace(/\s#.*$/, ''))
    return [{ line: index + 1, name: plain(match[1] ?? ''), value }]
  })
}

const plain = (name: string): string => name.replace(/^(--)?(loose-)?/, '').replaceAll('-', '_')

const logged = /\[ERROR\] (?:Buffered error: )?(.+)$/
/** Errors before it has a log. */
const printed = /^(?:\S*(?:mariadbd|mysqld)|SSL error|error): (.+)$/

/** The errors that it reports, without the time and the thread. */
const errorsIn = (output: string): string[] =>
  output.split('\n').flatMap((line) => {
    const text = (logged.exec(line) ?? printed.exec(line))?.[1]
    return text === undefined ? [] : [text.trim()]
  })

/** How an error names a setting; other errors contain its name or its value. */
const namesOf = [
  /unknown variable '(?:--)?([\w.-]+)/,
  /unknown option '(?:--)?([\w.-]+)/,
  /setting value '.*' to '([\w.-]+)'/,
  /used for variable '([\w.-]+)'/,
  /(?:value for option|value: '.*' for) '?([\w.-]+)/,
]

function blame(output: string, lines: ConfigLine[]): { file: string; line: number } | null {
  const place = /config file:? (\/\S+) at line:? (\d+)/.exec(output)
  if (place) return { file: place[1] ?? '', line: Number(place[2]) }
  const errors = errorsIn(output)
  const named = errors.flatMap((text) =>
    namesOf.flatMap((pattern) => plain(pattern.exec(text)?.[1] ?? '') || []),
  )
  const isIn = (text: string): boolean =>
    text.length > 3 && errors.some((one) => one.includes(text))
  const found =
    lines.findLast(({ name }) => named.includes(name)) ??
    lines.findLast(({ name }) => name.includes('_') && isIn(name)) ??
    lines.findLast(({ value }) => isIn(value))
  return found ? { file: found.file, line: found.line } : null
}

/** Users by the variables of the images of MariaDB and MySQL, by addresses, and root. */
function loginsOf({ port, env, timeoutMs }: Access) {
  const of = (name: string): string | undefined => env[`MARIADB_${name}`] ?? env[`MYSQL_${name}`]
  const addresses = Object.values(env).flatMap((value) =>
    /^(mysql|mariadb):\/\//.test(value) && URL.canParse(value) ? [new URL(value)] : [],
  )
  const [user, database] = [of('USER'), of('DATABASE')]
  const logins = [
    { user: 'root', password: of('ROOT_PASSWORD') ?? env['MYSQL_PWD'] },
    ...(user ? [{ user, password: of('PASSWORD') ?? env['MYSQL_PWD'] }] : []),
    ...addresses.map((one) => ({
      user: decodeURIComponent(one.username),
      password: decodeURIComponent(one.password),
    })),
  ]
  const unique = [...new Map(logins.map((one) => [one.user, one])).values()]
  return unique.map((login) => ({ ...login, port, database, timeoutMs }))
}

async function tryUsers(access: Access): Promise<Facts> {
  let [problem, facts] = ['nobody was let in', null as Facts | null]
  const users: string[] = []
  for (const login of loginsOf(access)) {
    const read = await readServer(login)
    if ('problem' in read) {
      problem = read.problem
      continue
    }
    users.push(`the user ${login.user}${read.isEncrypted ? ' over TLS' : ''}`)
    const { isReadOnly, source, tables, settings } = read
    facts ??= {
      ...{ problem: null, isBusy: false, isCurrent: true },
      credential: read.letsAnyoneIn ? 'any user and password' : '',
      role: roleOf(isReadOnly, source),
      items: tables,
      store: settings['datadir'] ?? null,
      settings,
    }
  }
  if (facts === null) return notExamined(`MariaDB refuses the sign-in: ${problem}`)
  return { ...facts, credential: facts.credential || users.join(' and ') }
}

function roleOf(isReadOnly: boolean, source: string | null | undefined): string | null {
  if (source === undefined) return null
  const readOnly = isReadOnly ? 'read-only ' : ''
  if (source !== null) return `a ${readOnly}replica of ${source}`
  return isReadOnly ? 'a read-only server' : 'a primary'
}
