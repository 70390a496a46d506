import { Client } from 'pg'

/** A user of a PostgreSQL server that belongs to an app. */
export interface ForeignLogin {
  port: number
  user: string
  password: string | undefined
  database: string
  timeoutMs: number
}

export interface ForeignServer {
  isReplica: boolean
  /** tables, indexes and sequences of its databases, without those of the system */
  relations: number
  /** the effective settings */
  settings: Record<string, string>
}

/** Why a server did not do what it was asked to. */
interface Refused {
  problem: string
  /** it does not accept connections yet */
  isStarting: boolean
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const cannotConnectNow = '57P03'

async function use<T>(
  login: ForeignLogin,
  act: (client: Client) => Promise<T>,
): Promise<T | Refused> {
  const client = new Client({
    host: '127.0.0.1',
    port: login.port,
    user: login.user,
    password: login.password,
    database: login.database,
    connectionTimeoutMillis: login.timeoutMs,
    query_timeout: login.timeoutMs,
  })
  // The server may end while the connection is open.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await act(client)
  } catch (error) {
    const { message, code } = error as Error & { code?: string }
    return { problem: message, isStarting: code === cannotConnectNow }
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Reads what a server reports of itself; changes nothing. */
export function readServer(login: ForeignLogin): Promise<ForeignServer | Refused> {
  return use(login, async (client) => {
    const recovery = await client.query<{ it: boolean }>('select pg_is_in_recovery() as it')
    const relations = await client.query<{ count: number }>(
      `select count(*)::int as count from pg_class where relnamespace not in
        (select oid from pg_namespace where nspname ~ '^pg_' or nspname = 'information_schema')`,
    )
    const databases = await client.query<{ count: number }>(
      'select count(*)::int as count from pg_database',
    )
    const settings = await client.query<{ name: string; setting: string }>(
      'select name, setting from pg_settings',
    )
    return {
      isReplica: recovery.rows[0]?.it ?? false,
      relations: (relations.rows[0]?.count ?? 0) + (databases.rows[0]?.count ?? 0),
      settings: Object.fromEntries(settings.rows.map(({ name, setting }) => [name, setting ?? ''])),
    }
  })
}

/** Writes to a table of its own, and removes it; returns why that was refused, or null. */
export async function tryWrite(login: ForeignLogin): Promise<string | null> {
  const answer = await use(login, async (client) => {
    await client.query('create table fairlead_rehearsal (number int)')
    await client.query('insert into fairlead_rehearsal values (1)')
    await client.query('drop table fairlead_rehearsal')
    return null
  })
  return answer === null ? null : answer.problem
}
