import { connect } from 'node:net'

/** A client for as much of Redis as a journal needs: one connection, made when needed, commands answered in order. */
export function connectRedis(url) {
  const { hostname, port, username, password, pathname } = new URL(url)
  let socket = null
  let waiting = []
  let input = Buffer.alloc(0)

  const fail = (error) => {
    const failed = waiting
    waiting = []
    input = Buffer.alloc(0)
    socket?.destroy()
    socket = null
    for (const { reject } of failed) reject(error)
  }
  const receive = (chunk) => {
    input = Buffer.concat([input, chunk])
    for (let reply = parseReply(input, 0); reply; reply = parseReply(input, 0)) {
      input = input.subarray(reply.end)
      const { resolve, reject } = waiting.shift()
      if (reply.value instanceof Error) reject(reply.value)
      else resolve(reply.value)
    }
  }
  const send = (...parts) =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      socket.write(`*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`)
    })
  const open = () => {
    const opened = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) })
    socket = opened
    opened.setTimeout(5000, () => opened === socket && waiting.length > 0 && fail(new Error('Redis does not answer')))
    opened.on('data', receive)
    opened.on('error', (error) => opened === socket && fail(error))
    opened.on('close', () => opened === socket && fail(new Error('Redis closed the connection')))
    const first = []
    if (password) first.push(send('AUTH', ...(username ? [decodeURIComponent(username)] : []), decodeURIComponent(password)))
    if (pathname.length > 1) first.push(send('SELECT', pathname.slice(1)))
    // Their failure shows as that of the command that follows.
    for (const reply of first) reply.catch(() => undefined)
  }

  return {
    command(...parts) {
      if (!socket) open()
      return send(...parts)
    },
    close() {
      fail(new Error('closed'))
    },
  }
}

/** The reply that begins at `at`, or null when it is not all there yet. */
export function parseReply(bytes, at) {
  const lineEnd = bytes.indexOf('\r\n', at)
  if (lineEnd === -1) return null
  const line = bytes.toString('utf8', at + 1, lineEnd)
  const end = lineEnd + 2
  switch (String.fromCharCode(bytes[at])) {
    case '+':
      return { value: line, end }
    case '-':
      return { value: new Error(`Redis: ${line}`), end }
    case ':':
      return { value: Number(line), end }
    case '$':
      return parseText(bytes, Number(line), end)
    case '*':
      return parseList(bytes, Number(line), end)
    default:
      return { value: new Error('What answers is not Redis'), end: bytes.length }
  }
}

function parseText(bytes, length, at) {
  if (length === -1) return { value: null, end: at }
  const end = at + length + 2
  return bytes.length < end ? null : { value: bytes.toString('utf8', at, at + length), end }
}

function parseList(bytes, count, at) {
  const value = []
  let end = at
  for (let i = 0; i < count; i += 1) {
    const item = parseReply(bytes, end)
    if (!item) return null
    value.push(item.value)
    end = item.end
  }
  return { value, end }
}
