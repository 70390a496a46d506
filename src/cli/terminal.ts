import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import { apiPrefix } from '#contract/client.ts'
import { errorTable, type ErrorCode, FairleadError, type Problem } from '#contract/errors.ts'
import type { Terminal } from '#contract/job/job.ts'
import type { Context } from './context.ts'

/** Milliseconds without a sign of the other side after which the connection counts as gone. */
const silence = 45_000

/** The terminal of this command line; 80 by 24 when there is none. */
export const terminalOf = ({ stdout, env }: Pick<Context, 'stdout' | 'env'>): Terminal => {
  const { columns, rows } = stdout
  const type = /^[\w.+-]{1,64}$/.test(env['TERM'] ?? '') ? env['TERM']! : 'xterm-256color'
  return { columns: columns || 80, rows: rows || 24, type }
}

/** Connects this terminal to that of a command until one of them ends. */
export async function useTerminal(
  context: Context,
  place: { app: string; jobRun: number },
): Promise<void> {
  const { connection } = await context.connect()
  const base = connection.url.replace(/^http/, 'ws')
  const path = `/apps/${encodeURIComponent(place.app)}/job-runs/${place.jobRun}/terminal`
  const headers = { authorization: `Bearer ${connection.token ?? ''}` }
  const socket = new WebSocket(`${base}${apiPrefix}${path}`, { headers, perMessageDeflate: false })
  // The first output may come with the answer to the handshake: nothing may be waited for before.
  const decoder = new TextDecoder()
  socket.on('message', (data: Buffer) =>
    context.stdout.write(decoder.decode(data, { stream: true })),
  )
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await opened(socket, connection.url)
  const { stdin } = context
  if (stdin.isTTY === true) stdin.setRawMode?.(true)
  try {
    await exchange(context, socket, closed)
  } finally {
    if (stdin.isTTY === true) stdin.setRawMode?.(false)
    stdin.pause()
  }
}

function opened(socket: WebSocket, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const away = new FairleadError('unavailable', { what: `The Fairlead server at ${url}` })
    socket.once('open', resolve)
    socket.on('error', () => reject(away))
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      text(response)
        .then((body) => reject(problemIn(body) ?? away))
        .catch(() => reject(away))
    })
  })
}

function problemIn(body: string): FairleadError | null {
  const { code, details } = JSON.parse(body) as Partial<Problem>
  return typeof code === 'string' && code in errorTable
    ? new FairleadError(code as ErrorCode, details ?? {})
    : null
}

/** Passes keys, output and sizes on; returns when the connection has ended. */
async function exchange(
  { stdin, stdout, signal }: Context,
  socket: WebSocket,
  closed: Promise<void>,
): Promise<void> {
  const resized = (): void => {
    const { columns = 80, rows = 24 } = stdout
    socket.send(JSON.stringify({ columns, rows }))
  }
  const typed = (data: Buffer | string): void => socket.send(Buffer.from(data))
  // The end of an input that is no terminal is the key Ctrl-D.
  const ended = (): void => socket.send(Buffer.from([4]))
  const leave = (): void => socket.terminate()
  let timer = setTimeout(leave, silence)
  socket.on('ping', () => {
    clearTimeout(timer)
    timer = setTimeout(leave, silence)
  })
  signal.addEventListener('abort', leave, { once: true })
  stdout.on?.('resize', resized)
  stdin.on('data', typed).once('end', ended)
  await closed
  clearTimeout(timer)
  stdin.off('data', typed).off('end', ended)
  stdout.off?.('resize', resized)
  signal.removeEventListener('abort', leave)
}
