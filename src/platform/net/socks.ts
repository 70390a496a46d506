import { randomBytes, timingSafeEqual } from 'node:crypto'
import { connect, createServer, isIP, type Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { type EgressPolicy, refusedError } from './egress.ts'

/**
 * A proxy for programs that open connections themselves, such as git; pass `url` as their
 * `all_proxy`.
 */
export interface Socks {
  url: string
  close(): void
}

/** Limit of a handshake message in bytes. */
const maxMessageBytes = 600
const timeoutMs = 20_000
/** A connection without data for this time is closed; the time limit of git is not longer. */
const idleMs = 600_000

/**
 * Starts a SOCKS 5 proxy (RFC 1928, with the password of RFC 1929) on loopback. It supports CONNECT
 * only and obeys the egress policy. It resolves names itself, so that a name cannot change its
 * address between the check and the connection, also after a redirect.
 */
export async function startSocks(egressPolicy: EgressPolicy): Promise<Socks> {
  const password = randomBytes(18).toString('hex')
  const server = createServer(
    { allowHalfOpen: true },
    (socket) => void serve(socket, egressPolicy, password).catch(() => socket.destroy()),
  )
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(0, '127.0.0.1', resolve),
  )
  server.unref()
  const { port } = server.address() as { port: number }
  return { url: `socks5h://git:${password}@127.0.0.1:${port}`, close: () => void server.close() }
}

async function serve(socket: Socket, egressPolicy: EgressPolicy, password: string): Promise<void> {
  socket.on('error', () => socket.destroy())
  socket.setTimeout(timeoutMs, () => socket.destroy())
  const read = reader(socket)
  const [version, methods = 0] = await read(2)
  if (version !== 5 || !(await read(methods)).includes(2))
    return void socket.end(Buffer.from([5, 0xff]))
  socket.write(Buffer.from([5, 2]))
  const [, nameLength = 0] = await read(2)
  await read(nameLength)
  const given = await read((await read(1))[0] ?? 0)
  const wanted = Buffer.from(password)
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    return void socket.end(Buffer.from([1, 1]))
  socket.write(Buffer.from([1, 0]))
  const [, command, , kind] = await read(4)
  const host = await readHost(kind, read)
  const port = (await read(2)).readUInt16BE(0)
  if (command !== 1 || host === null) return answer(socket, 7)
  const there = await open(egressPolicy, host, port).catch((error: NodeJS.ErrnoException) => error)
  if (there instanceof Error) return answer(socket, replies[there.code ?? ''] ?? 1)
  for (const side of [socket, there]) side.setTimeout(idleMs, () => side.destroy())
  answer(socket, 0)
  // Either side may end before the other one; one that breaks off ends both.
  pipeline(socket, there, () => undefined)
  pipeline(there, socket, () => undefined)
}

/** Reply codes by error code. */
const replies: Record<string, number> = {
  EACCES: 2,
  ENETUNREACH: 3,
  ENOTFOUND: 4,
  EHOSTUNREACH: 4,
  ECONNREFUSED: 5,
}

const answer = (socket: Socket, reply: number): void => {
  const bytes = Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0])
  if (reply === 0) socket.write(bytes)
  else socket.end(bytes)
}

function open(egressPolicy: EgressPolicy, host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const why = isIP(host) === 0 ? null : egressPolicy.refusal(host)
    if (why !== null) return reject(refusedError(why))
    const there = connect({
      ...{ host, port, lookup: egressPolicy.lookup },
      ...{ timeout: timeoutMs, allowHalfOpen: true },
    })
    there.once('timeout', () => there.destroy(new Error('it took too long')))
    there.once('error', reject).once('connect', () => resolve(there.setTimeout(0)))
  })
}

type Read = (length: number) => Promise<Buffer>

async function readHost(kind: number | undefined, read: Read): Promise<string | null> {
  if (kind === 1) return (await read(4)).join('.')
  if (kind === 3) return (await read((await read(1))[0] ?? 0)).toString('latin1')
  if (kind !== 4) return null
  const bytes = await read(16)
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':')
}

/** Reads an exact number of bytes and leaves the rest in the socket. */
function reader(socket: Socket): Read {
  return async (length) => {
    for (;;) {
      if (length === 0) return Buffer.alloc(0)
      const bytes = socket.read(length) as Buffer | null
      if (bytes?.length === length) return bytes
      if (socket.readableLength > maxMessageBytes || socket.readableEnded || socket.destroyed)
        throw new Error('no handshake')
      await new Promise<void>((resolve) => {
        const go = (): void => {
          for (const event of ['readable', 'end', 'close']) socket.off(event, go)
          resolve()
        }
        for (const event of ['readable', 'end', 'close']) socket.once(event, go)
      })
    }
  }
}
