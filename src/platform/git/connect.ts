import { connect, type Socket } from 'node:net'
import { gitProxy, proxyWords } from './git.ts'

const replyLength = 14

/**
 * Connects standard input and output with a host through the egress proxy, for ssh and `git://`.
 * Resolves with the exit code when the connection ends.
 */
export async function main([host = '', port = '']: string[]): Promise<number> {
  const proxy = URL.parse(process.env[gitProxy] ?? '')
  if (!proxy) return fail(host, `${gitProxy} is not set`)
  const socket = connect({
    host: proxy.hostname,
    port: Number(proxy.port),
    // git may end its side before the other one has sent everything.
    allowHalfOpen: true,
  })
  socket.on('error', () => socket.destroy())
  // The proxy reads the messages one after the other, so that none has to wait for its reply.
  socket.write(handshake(proxy, host.replace(/^\[|\]$/g, ''), Number(port)))
  const reply = await replyOf(socket)
  if (reply !== 0) {
    socket.destroy()
    return fail(host, proxyWords[reply ?? -1] ?? 'the egress proxy failed')
  }
  process.stdout.on('error', () => socket.destroy())
  process.stdin.pipe(socket).pipe(process.stdout)
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve))
  process.stdin.destroy()
  socket.destroySoon()
  return 0
}

/** The messages of a client for a name (RFC 1928), with a password (RFC 1929). */
function handshake(proxy: URL, host: string, port: number): Buffer {
  const counted = (text: string): Buffer =>
    Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)])
  return Buffer.concat([
    ...[Buffer.from([5, 1, 2, 1]), counted(proxy.username), counted(proxy.password)],
    ...[Buffer.from([5, 1, 0, 3]), counted(host), Buffer.from([port >> 8, port & 0xff])],
  ])
}

/** The reply code of the proxy, or null when the connection ends without one. */
function replyOf(socket: Socket): Promise<number | null> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    const read = (more: Buffer): void => {
      bytes = Buffer.concat([bytes, more])
      if (bytes.length < replyLength) return
      socket.off('data', read).pause()
      if (bytes.length > replyLength) socket.unshift(bytes.subarray(replyLength))
      resolve(bytes[5] ?? null)
    }
    socket.on('data', read)
    for (const event of ['end', 'close']) socket.once(event, () => resolve(null))
  })
}

/** git shows a line that begins like its own. */
function fail(host: string, why: string): number {
  process.stderr.write(`fatal: cannot connect to ${host}: ${why}\n`)
  return 1
}
