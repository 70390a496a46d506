import { Socket } from 'node:net'
import { withoutEnd } from '#contract/text.ts'
import { guarded } from '../monitor/connection.ts'
import type { HostIo } from '../monitor/monitor-kind.ts'

/**
 * The first column of the rows of a query, at most `limit`. It runs in a transaction that may only
 * read, and that the database ends with the time of the check.
 */
export async function breakingRows(
  address: string,
  query: string,
  limit: number,
  io: HostIo,
): Promise<{ entities: string[] } | { problem: string }> {
  if (!/^postgres(ql)?:\/\//.test(address))
    return { problem: 'the address of the database must begin with postgres://' }
  const { Client } = (await import('pg')).default
  const client = new Client({
    connectionString: address,
    stream: () => guardedSocket(io),
    application_name: 'fairlead-monitor',
    options: '-c default_transaction_read_only=on -c statement_timeout=30000',
  })
  const stop = (): void => void client.end().catch(() => undefined)
  client.on('error', () => undefined)
  io.signal.addEventListener('abort', stop, { once: true })
  try {
    await client.connect()
    const inner = withoutEnd(query.trim(), ';')
    // As a part of another query it can only be a query, and a long result is cut off there.
    const { rows } = await client.query<unknown[]>({
      text: `select * from (${inner}\n) as broken limit ${limit}`,
      rowMode: 'array',
    })
    return { entities: rows.map(([first]) => String(first).slice(0, 200)) }
  } catch (error) {
    return { problem: `the database answers: ${(error as Error).message.slice(0, 300)}` }
  } finally {
    io.signal.removeEventListener('abort', stop)
    stop()
  }
}

/** A socket that connects only where the policy permits it. */
function guardedSocket(io: HostIo): Socket {
  const socket = new Socket()
  const connect = socket.connect.bind(socket) as (options: object) => Socket
  socket.connect = ((port: number | string, host?: string) => {
    try {
      // A Unix socket is on this machine, as the loopback address is.
      if (typeof port === 'string' && host === undefined) {
        guarded('127.0.0.1', io)
        return connect({ path: port })
      }
      return connect({ port: Number(port), ...guarded(host ?? 'localhost', io) })
    } catch (error) {
      return socket.destroy(error as Error)
    }
  }) as Socket['connect']
  return socket
}
