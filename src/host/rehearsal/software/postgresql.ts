import { join } from 'node:path'
import { readServer, tryWrite } from '#platform/postgres/foreign.ts'
import {
  type Access,
  defineSoftware,
  type Facts,
  notExamined,
  optionOf,
  unquote,
} from '../software.ts'

/** `pg_settings` and `pg_is_in_recovery()`: https://www.postgresql.org/docs/current */
export default defineSoftware({
  name: 'postgresql',
  title: 'PostgreSQL',
  example: ['postgres', '-D', '/data'],
  detect: ([program = '']) => program === 'postgres' || program === 'postmaster',
  files: (words, env) => {
    const folder = folderOf(words, env)
    const main = optionOf(words, '--config-file', '--config_file')
    return [
      ...(main ? [main] : folder ? [join(folder, 'postgresql.conf')] : []),
      ...(folder ? [join(folder, 'postgresql.auto.conf')] : []),
    ]
  },
  parse: (text) =>
    text.split('\n').flatMap((content, index) => {
      const [, name, rest = ''] = /^([A-Za-z_][\w.]{0,100})(.*)$/.exec(content.trim()) ?? []
      return name === undefined ? [] : [{ line: index + 1, name, value: valueIn(rest) }]
    }),
  blame: (output) => {
    const match = /in file "([^"\n]+)"(?: |, )line (\d+)/.exec(output)
    return match ? { file: match[1] ?? null, line: Number(match[2]) } : null
  },
  unit: 'relations',
  // A start may need another segment of the write-ahead log.
  leastDisk: 17_000_000,
  volatile: /^(data_directory_mode|in_hot_standby|recovery_init_sync_method|shared_memory_size.*)$/,
  stale: (words, env) => {
    const folder = folderOf(words, env)
    return folder ? [join(folder, 'postmaster.pid')] : []
  },
  // After a crash, it opens every file for writing to synchronize it, and overlayfs copies a file
  // that is opened for writing.
  spare: (words, env, read) => {
    const folder = folderOf(words, env)
    if (folder === null || !(Number.parseInt(read(join(folder, 'PG_VERSION')), 10) >= 14)) return []
    const text = "\nrecovery_init_sync_method = 'syncfs'\n"
    return [{ file: join(folder, 'postgresql.auto.conf'), text }]
  },
  cause: {
    role: ['primary_conninfo', 'restore_command'],
    write: ['default_transaction_read_only', 'temp_file_limit'],
    data: ['data_directory'],
    credential: ['password_encryption', 'hba_file', 'ssl'],
    port: ['port', 'listen_addresses'],
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

/** The value after the name of a setting, in quotes or up to a comment. */
function valueIn(rest: string): string {
  const text = rest.trimStart().startsWith('=') ? rest.slice(rest.indexOf('=') + 1) : rest
  const value = text.trimStart()
  const end = value.startsWith("'") ? value.indexOf("'", 1) + 1 : value.search(/[\s#]/)
  return unquote(end > 0 ? value.slice(0, end) : value)
}

const folderOf = (words: string[], env: Record<string, string>): string | null =>
  optionOf(words, '-D', '--data_directory') ?? env['PGDATA'] ?? null

function loginsOf({ port, env, timeoutMs }: Access) {
  const named = [env['PGUSER'], env['POSTGRES_USER']].filter((one) => one !== undefined)
  const users = [...new Set([...named, 'postgres', ...(env['USER'] ? [env['USER']] : [])])]
  const password = env['PGPASSWORD'] ?? env['POSTGRES_PASSWORD']
  const database = env['PGDATABASE'] ?? env['POSTGRES_DB'] ?? 'postgres'
  return users.map((user) => ({ port, user, password, database, timeoutMs }))
}

async function tryUsers(access: Access): Promise<Facts> {
  const until = performance.now() + access.timeoutMs
  let [problem, isStarting] = ['nobody was let in', false]
  for (const login of loginsOf(access)) {
    let read = await readServer(login)
    // It listens before it has recovered.
    while ('problem' in read && read.isStarting && performance.now() < until) {
      await new Promise((wake) => setTimeout(wake, 100))
      read = await readServer(login)
    }
    if ('problem' in read) {
      ;({ problem, isStarting } = read)
      continue
    }
    const { isReplica, relations, settings } = read
    return {
      problem: null,
      isBusy: false,
      credential: `the user ${login.user}`,
      role: isReplica ? 'a standby' : 'a primary',
      items: relations,
      store: settings['data_directory'] ?? null,
      isCurrent: true,
      settings,
    }
  }
  return isStarting
    ? notExamined('it still recovers its data', true)
    : notExamined(`PostgreSQL refuses the sign-in: ${problem}`)
}
