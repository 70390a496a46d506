import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { limitBody, limitConnections } from './limits.ts'

let server: Server | null = null
const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server?.closeAllConnections()
  server?.close()
})

async function start(handle: (server: Server) => void): Promise<() => Promise<Socket>> {
  const made = createServer()
  server = made
  handle(made)
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  const { port } = made.address() as AddressInfo
  return async () => {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.once('connect', resolve))
    return socket
  }
}
const closed = (socket: Socket): Promise<string> =>
  new Promise((resolve) => socket.once('close', () => resolve('closed')))
const later = (ms: number): Promise<string> =>
  new Promise((resolve) => setTimeout(() => resolve('open'), ms))

test('a body that arrives too slowly ends its connection, a faster one does not', async () => {
  const limits = { graceMs: 60, bytesPerSecond: 20_000, everyMs: 10 }
  const open = await start((made) =>
    made.on('request', (request) => {
      limitBody(request, request.url === '/git', limits)
      request.resume()
    }),
  )
  const send = async (path: string, bytes: number): Promise<string> => {
    const socket = await open()
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n`)
    const timer = setInterval(() => socket.write(Buffer.alloc(bytes)), 10)
    return Promise.race([closed(socket), later(400)]).finally(() => clearInterval(timer))
  }
  const ends = await Promise.all([send('/', 1), send('/', 2000), send('/git', 1)])
  expect(ends).toEqual(['closed', 'open', 'open'])
})

test('connections above the limit of an address are closed, and count no longer', async () => {
  const open = await start((made) => limitConnections(made, false, { all: 10, ofAddress: 2 }))
  const [first, second, third] = [await open(), await open(), await open()]
  expect(await closed(third)).toBe('closed')
  const gone = new Promise((resolve) => server?.once('connection', resolve))
  first.destroy()
  await closed(first)
  const fourth = await open()
  await gone
  expect(await Promise.race([closed(fourth), closed(second), later(50)])).toBe('open')
})

test('behind a proxy, only all connections together are limited', async () => {
  const open = await start((made) => limitConnections(made, true, { all: 3, ofAddress: 1 }))
  const [first, second] = [await open(), await open()]
  expect(await Promise.race([closed(first), closed(second), later(30)])).toBe('open')
})
