import pg from 'pg'
import { toLiteralText, type Statement } from './sql.ts'

export type Row = Record<string, unknown>

/** The database. Every call is one round trip and one transaction; nothing holds a transaction open between two calls. */
export interface Database {
  /** Runs one statement and returns its rows. */
  query<R extends object = Row>(statement: Statement): Promise<R[]>
  /** Runs several statements as one message and one transaction; returns the rows of each. */
  batch(statements: readonly Statement[]): Promise<Row[][]>
  /** Calls back for each NOTIFY on a channel, and with `null` after a lost connection is back (look again then). */
  listen(channel: string, callback: (payload: string | null) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** a connection URL, or the folder of a unix socket with user and database */
  connection: string | { host: string; user: string; database: string }
  /** connections at most */
  size?: number
  /** milliseconds; both must stay below the lease of the engine */
  statementTimeout?: number
  idleTimeout?: number
  /** told of lost connections; the pool mends itself */
  onError?: (error: Error) => void
}

// int8 as number: ids and counts stay far below 2^53. Timestamps as ISO 8601 text, as the API gives them.
const types = new pg.TypeOverrides()
types.setTypeParser(20, Number)
types.setTypeParser(1184, (text: string) => new Date(text).toISOString())

/** Opens a pool. Throws when the server cannot be reached at all. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const onError = options.onError ?? (() => undefined)
  const config: pg.PoolConfig = {
    ...(typeof options.connection === 'string' ? { connectionString: options.connection } : options.connection),
    types,
    max: options.size ?? 12,
    statement_timeout: options.statementTimeout ?? 10_000,
    idle_in_transaction_session_timeout: options.idleTimeout ?? 1500,
    connectionTimeoutMillis: 10_000,
    application_name: 'fairlead',
  }
  const pool = new pg.Pool(config)
  pool.on('error', onError)
  pool.on('connect', (client) => client.on('error', onError))
  await pool.query('select 1')
  const listeners = new Set<() => Promise<void>>()
  return {
    query: async <R extends object>(statement: Statement) => {
      const result = await pool.query<R & pg.QueryResultRow>(statement.text, statement.values.map(toParameter))
      return result.rows
    },
    batch: async (statements) => {
      if (statements.length === 0) return []
      const answer: unknown = await pool.query(statements.map(toLiteralText).join(';\n'))
      const results = (Array.isArray(answer) ? answer : [answer]) as pg.QueryResult<Row>[]
      return results.map((result) => result.rows)
    },
    listen: async (channel, callback) => {
      const stop = await startListener(config, channel, callback, onError)
      listeners.add(stop)
      return async () => {
        listeners.delete(stop)
        await stop()
      }
    },
    close: async () => {
      await Promise.all([...listeners].map((stop) => stop()))
      await pool.end()
    },
  }
}

/** JSON goes in as text; arrays of scalars stay PostgreSQL arrays. */
function toParameter(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date || Buffer.isBuffer(value) || Array.isArray(value)) return value
  return JSON.stringify(value)
}

async function startListener(
  config: pg.ClientConfig,
  channel: string,
  callback: (payload: string | null) => void,
  onError: (error: Error) => void,
): Promise<() => Promise<void>> {
  let client: pg.Client | null = null
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const connect = async (first: boolean): Promise<void> => {
    const next = new pg.Client(config)
    const lost = (error?: Error): void => {
      if (error) onError(error)
      if (client !== next) return
      client = null
      if (!stopped) timer = setTimeout(() => void retry(), 200)
    }
    next.on('error', lost)
    next.on('end', () => lost())
    next.on('notification', (message) => callback(message.payload ?? ''))
    await next.connect()
    await next.query(`listen ${pg.escapeIdentifier(channel)}`)
    client = next
    if (!first) callback(null)
  }
  const retry = async (): Promise<void> => {
    try {
      await connect(false)
    } catch (error) {
      onError(error as Error)
      if (!stopped) timer = setTimeout(() => void retry(), 500)
    }
  }
  await connect(true)
  return async () => {
    stopped = true
    clearTimeout(timer)
    await client?.end()
  }
}
