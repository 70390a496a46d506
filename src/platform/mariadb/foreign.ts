import type { Connection, RowDataPacket } from 'mysql2/promise'

/** A user of a MariaDB or MySQL server that belongs to an app. */
export interface ForeignLogin {
  port: number
  user: string
  password: string | undefined
  /** the database to write to; the first one that the user sees when it is undefined */
  database: string | undefined
  timeoutMs: number
}

export interface ForeignServer {
  isEncrypted: boolean
  /** it was started with `skip_grant_tables` */
  letsAnyoneIn: boolean
  isReadOnly: boolean
  /** the server that it replicates; null for none, undefined when the user must not see that */
  source: string | null | undefined
  /** databases and tables, without those of the system, as far as the user sees them */
  tables: number
  /** the effective settings */
  settings: Record<string, string>
}

/** Why a server did not do what it was asked to. */
interface Refused {
  problem: string
}

/** https://mariadb.com/kb/en/mariadb-error-code-reference */
const preventedByOption = 1290
/** MariaDB denies the access of a client that has to use TLS; MySQL says so. */
const mayNeedTls = [1045, 3159]
const codeOf = (error: unknown): number | undefined => (error as { errno?: number }).errno

const systemSchemas = `('mysql', 'sys', 'information_schema', 'performance_schema')`
const scratch = 'fairlead_rehearsal'

async function open(login: ForeignLogin, isEncrypted: boolean): Promise<Connection> {
  const { createConnection } = await import('mysql2/promise')
  const { port, user, password, timeoutMs } = login
  const connection = await createConnection({
    ...{ host: '127.0.0.1', port, user, connectTimeout: timeoutMs },
    ...(password === undefined ? {} : { password }),
    // The certificate of a server on this machine need not have its name.
    ...(isEncrypted ? { ssl: { rejectUnauthorized: false } } : {}),
  })
  // The server may end while the connection is open.
  connection.on('error', () => undefined)
  return connection
}

async function act<T>(
  login: ForeignLogin,
  work: (connection: Connection, isEncrypted: boolean) => Promise<T>,
): Promise<T> {
  let isEncrypted = false
  const connection = await open(login, false).catch((error: unknown) => {
    if (!mayNeedTls.includes(codeOf(error) ?? 0)) throw error
    isEncrypted = true
    return open(login, true).catch(() => Promise.reject(error))
  })
  try {
    return await work(connection, isEncrypted)
  } finally {
    // A server logs connections that are only closed.
    await connection.end().catch(() => undefined)
  }
}

async function use<T>(
  login: ForeignLogin,
  work: (connection: Connection, isEncrypted: boolean) => Promise<T>,
): Promise<T | Refused> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it does not answer')), login.timeoutMs)
  })
  try {
    return await Promise.race([act(login, work), late])
  } catch (error) {
    return { problem: (error as Error).message || 'it does not answer' }
  } finally {
    clearTimeout(timer)
  }
}

type Row = Record<string, unknown>

const rowsOf = async (connection: Connection, query: string): Promise<Row[]> =>
  (await connection.query<RowDataPacket[]>(query))[0]

/** Null when the user must not see the rows, or the server does not know the query. */
const rowsIfShown = (connection: Connection, query: string): Promise<Row[] | null> =>
  rowsOf(connection, query).catch((error: unknown) => {
    if (codeOf(error) === undefined) throw error
    return null
  })

/** Reads what a server reports of itself; changes nothing. */
export function readServer(login: ForeignLogin): Promise<ForeignServer | Refused> {
  return use(login, async (connection, isEncrypted) => {
    const settings = pairsOf(await rowsOf(connection, 'show global variables'))
    const [counted] = await rowsOf(
      connection,
      `select (select count(*) from information_schema.tables
          where table_schema not in ${systemSchemas})
        + (select count(*) from information_schema.schemata
          where schema_name not in ${systemSchemas}) as tables`,
    )
    return {
      isEncrypted,
      letsAnyoneIn: await letsAnyoneIn(connection),
      isReadOnly: ['read_only', 'super_read_only'].some((name) =>
        /^(on|1)$/i.test(settings[name] ?? ''),
      ),
      source: await sourceOf(connection),
      tables: Number(counted?.['tables'] ?? 0),
      settings,
    }
  })
}

const pairsOf = (rows: Row[]): Record<string, string> =>
  Object.fromEntries(rows.map((row) => [String(row['Variable_name']), String(row['Value'] ?? '')]))

async function letsAnyoneIn(connection: Connection): Promise<boolean> {
  try {
    await connection.query('show grants')
    return false
  } catch (error) {
    return codeOf(error) === preventedByOption
  }
}

/** The host of the server that it replicates now; a replication that is stopped counts as none. */
async function sourceOf(connection: Connection): Promise<string | null | undefined> {
  // The first one is of MariaDB, the second one of MySQL.
  const rows =
    (await rowsIfShown(connection, 'show all slaves status')) ??
    (await rowsIfShown(connection, 'show replica status'))
  if (rows !== null) {
    const running = rows.find(isRunning)
    return running ? String(running['Master_Host'] ?? running['Source_Host']) : null
  }
  const [count] = await rowsOf(connection, "show global status like 'Slaves_running'")
  if (count === undefined) return undefined
  return Number(count['Value']) > 0 ? 'another server' : null
}

const isRunning = (row: Row): boolean =>
  Object.entries(row).some(
    ([name, value]) => /^(Slave|Replica)_(IO|SQL)_Running$/.test(name) && value !== 'No',
  )

/** Writes to a table of its own, and removes it; returns why that was refused, or null. */
export async function tryWrite(login: ForeignLogin): Promise<string | null> {
  const answer = await use(login, async (connection) => {
    const { escapeId } = await import('mysql2')
    const database = login.database ?? (await firstDatabase(connection)) ?? scratch
    if (database === scratch) await connection.query(`create database if not exists ${scratch}`)
    const table = `${escapeId(database)}.${scratch}`
    await connection.query(`create table ${table} (number int)`)
    await connection.query(`insert into ${table} values (1)`)
    const rows = await rowsOf(connection, `select number from ${table}`)
    await connection.query(`drop table ${table}`)
    return rows.length === 1 ? null : { problem: 'what was written cannot be read' }
  })
  return answer === null ? null : answer.problem
}

async function firstDatabase(connection: Connection): Promise<string | null> {
  const rows = await rowsOf(
    connection,
    `select schema_name as name from information_schema.schemata
      where schema_name not in ${systemSchemas} order by schema_name limit 1`,
  )
  return rows[0] ? String(rows[0]['name']) : null
}
