import { connect, type Socket } from 'node:net'

export type Reply = string | number | null | Reply[] | { error: string }

/** A connection to a Redis server: https://redis.io/docs/latest/develop/reference/protocol-spec */
export interface Resp {
  call(...words: string[]): Promise<Reply>
  close(): void
}

/** Bytes of one answer. */
const most = 8 * 1024 * 1024

/** Throws when nothing answers within `timeoutMs`. */
export function openResp(port: number, timeoutMs: number): Promise<Resp> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('does not answer')))
    socket.once('error', reject)
    socket.once('connect', () => resolve(talk(socket)))
  })
}

function talk(socket: Socket): Resp {
  let buffer = Buffer.alloc(0)
  const waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = []
  const fail = (error: Error): void => {
    for (const one of waiting.splice(0)) one.reject(error)
  }
  socket.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk])
    if (buffer.length > most) return socket.destroy(new Error('answers too much'))
    for (;;) {
      const read = readReply(buffer, 0)
      if (read === null || waiting.length === 0) return
      buffer = buffer.subarray(read.end)
      waiting.shift()?.resolve(read.reply)
    }
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('closed the connection')))
  return {
    call: (...words) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
        socket.write(`*${words.length}\r\n${parts.join('')}`)
      }),
    close: () => socket.destroy(),
  }
}

/** The reply at a position; null when it is not complete. */
export function readReply(buffer: Buffer, at: number): { reply: Reply; end: number } | null {
  const lineEnd = buffer.indexOf('\r\n', at)
  if (lineEnd === -1) return null
  const kind = String.fromCharCode(buffer[at] ?? 0)
  const text = buffer.toString('utf8', at + 1, lineEnd)
  const end = lineEnd + 2
  if (kind === '+') return { reply: text, end }
  if (kind === '-') return { reply: { error: text }, end }
  if (kind === ':') return { reply: Number(text), end }
  const size = Number(text)
  if (!Number.isInteger(size)) throw new Error('does not speak the protocol of Redis')
  if (size < 0) return { reply: null, end }
  if (kind === '$') {
    if (buffer.length < end + size + 2) return null
    return { reply: buffer.toString('utf8', end, end + size), end: end + size + 2 }
  }
  if (kind !== '*') throw new Error('does not speak the protocol of Redis')
  const replies: Reply[] = []
  let next = end
  for (let index = 0; index < size; index += 1) {
    const read = readReply(buffer, next)
    if (read === null) return null
    replies.push(read.reply)
    next = read.end
  }
  return { reply: replies, end: next }
}
