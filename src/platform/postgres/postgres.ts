import pg from 'pg'
import { openListener } from './listener.ts'
import { toLiteralText, toParameter, type Statement } from './sql.ts'

export type Row = Record<string, unknown>

/**
 * The database. Every call is one round trip and one transaction; no transaction stays open between
 * calls.
 */
export interface Database {
  /** Runs one statement and returns its rows. */
  query<R extends object = Row>(statement: Statement): Promise<R[]>
  /** Runs several statements as one message and one transaction; returns the rows of each. */
  batch(statements: readonly Statement[]): Promise<Row[][]>
  /** Like `batch`, on a separate connection, for work that must not queue. */
  vital(statements: readonly Statement[]): Promise<Row[][]>
  /**
   * Calls back for each NOTIFY on a channel, and with `null` after a reconnect, because
   * notifications may be lost.
   */
  listen(channel: string, callback: (payload: string | null) => void): Promise<() => Promise<void>>
  /**
   * Provides a separate connection without timeouts for long transactions such as a backup. It
   * closes when `work` ends; uncommitted changes are rolled back.
   */
  session<T>(work: (run: Session) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Runs one statement on the connection of a session. */
export type Session = <R extends object = Row>(statement: Statement) => Promise<R[]>

export interface DatabaseOptions {
  /** A connection URL, or the folder of a Unix socket with user and database. */
  connection: string | { host: string; user: string; database: string }
  /** Maximum number of connections. */
  size?: number
  /** Milliseconds; both must stay below the lease of the engine. */
  statementTimeout?: number
  idleTimeout?: number
  /** Receives lost connections; the pool reconnects by itself. */
  onError?: (error: Error) => void
}

// int8 as number: ids and counts stay far below 2^53. Timestamps as ISO 8601 text, as in the API.
const types = new pg.TypeOverrides()
types.setTypeParser(20, Number)
types.setTypeParser(1184, (text: string) => new Date(text).toISOString())

/** Opens a pool. Throws when the server cannot be reached. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const onError = options.onError ?? (() => undefined)
  const where =
    typeof options.connection === 'string'
      ? { connectionString: options.connection }
      : options.connection
  const config: pg.PoolConfig = {
    ...where,
    types,
    max: options.size ?? 12,
    statement_timeout: options.statementTimeout ?? 10_000,
    idle_in_transaction_session_timeout: options.idleTimeout ?? 1500,
    connectionTimeoutMillis: 10_000,
    application_name: 'fairlead',
  }
  // A dead connection does not answer, so the client needs a timeout of its own.
  const pool = openPool(
    { ...config, query_timeout: (options.statementTimeout ?? 10_000) + 5000 },
    onError,
  )
  const vital = openPool(
    { ...config, max: 1, statement_timeout: 1500, query_timeout: 2000 },
    onError,
  )
  const listener = openListener(config, onError)
  await pool.query('select 1')
  return {
    query: async <R extends object>(statement: Statement) => {
      const result = await pool.query<R & pg.QueryResultRow>(
        statement.text,
        statement.values.map(toParameter),
      )
      return result.rows
    },
    batch: (statements) => sendTogether(pool, statements),
    vital: (statements) => sendTogether(vital, statements),
    listen: listener.listen,
    session: (work) =>
      lend({ ...where, types, application_name: 'fairlead session' }, onError, work),
    close: async () => {
      await listener.close()
      await Promise.all([pool.end(), vital.end()])
    },
  }
}

function openPool(config: pg.PoolConfig, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool(config)
  pool.on('error', onError)
  pool.on('connect', (client) => client.on('error', onError))
  return pool
}

async function sendTogether(pool: pg.Pool, statements: readonly Statement[]): Promise<Row[][]> {
  if (statements.length === 0) return []
  const answer: unknown = await pool.query(statements.map(toLiteralText).join(';\n'))
  const results = (Array.isArray(answer) ? answer : [answer]) as pg.QueryResult<Row>[]
  return results.map((result) => result.rows)
}

async function lend<T>(
  config: pg.ClientConfig,
  onError: (error: Error) => void,
  work: (run: Session) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(config)
  client.on('error', onError)
  await client.connect()
  try {
    return await work(async <R extends object>(statement: Statement) => {
      const result = await client.query<R & pg.QueryResultRow>(
        statement.text,
        statement.values.map(toParameter),
      )
      return result.rows
    })
  } finally {
    await client.end()
  }
}

/**
 * Returns the SQLSTATE of an error, or null when it has none; then it is unknown whether the
 * statement ran.
 */
export function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.code ?? null) : null
}

/**
 * SQLSTATE classes of errors that pass: connections, rollback because of other transactions, lack
 * of resources, intervention by an operator or a timeout, locks.
 */
const passingStates = /^(08|40|53|57|55P03|25P0[34])/

/** Messages of errors of the driver, which have no code. */
const passingMessages = [
  'Connection terminated',
  'Query read timeout',
  'Client has encountered a connection error',
  'timeout exceeded when trying to connect',
]

/**
 * Returns whether an error may pass: a lost connection, a server that starts or is full, a
 * deadlock, a timeout.
 */
export function isPassing(error: unknown): boolean {
  const state = sqlState(error)
  if (state !== null) return passingStates.test(state)
  const { code, message } = error as NodeJS.ErrnoException
  return (
    (typeof code === 'string' && /^E[A-Z]+$/.test(code)) ||
    /connection|timeout/i.test(message ?? '')
  )
}

/**
 * Returns whether the database was unreachable, went away, or was too slow or too busy to answer;
 * the same call works later.
 */
export function isDatabaseAway(error: unknown): boolean {
  const state = sqlState(error)
  if (state !== null) return passingStates.test(state)
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE' || syscall === 'connect')
    return true
  return passingMessages.some((start) => message?.startsWith(start))
}
