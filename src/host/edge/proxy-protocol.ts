import type { Socket } from 'node:net'
import { type Guests, Handshake } from './guests.ts'

/** What the start of a connection from a load balancer says. */
export type ProxyHeader = 'more' | 'wrong' | { address: string | null; length: number }

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** The longest header of version 1, and the limit for version 2 with its extensions. */
const longest = { text: 107, binary: 4096 }

/**
 * Reads a header of the PROXY protocol, version 1 or 2, as HAProxy defines it. A null address is
 * one that the sender does not know, or a connection of its own.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const start = bytes.subarray(0, signature.length)
  if (signature.subarray(0, start.length).equals(start))
    return bytes.length < 16 ? 'more' : readBinary(bytes)
  return readText(bytes)
}

function readText(bytes: Buffer): ProxyHeader {
  const text = bytes.toString('latin1', 0, longest.text)
  if (!'PROXY '.startsWith(text.slice(0, 6))) return 'wrong'
  const end = text.indexOf('\r\n')
  if (end === -1) return bytes.length < longest.text ? 'more' : 'wrong'
  const line = text.slice(0, end)
  const length = end + 2
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { address: null, length }
  const [, address] =
    /^PROXY TCP4 ([\d.]{7,15}) [\d.]{7,15} \d{1,5} \d{1,5}$/.exec(line) ??
    /^PROXY TCP6 ([\da-fA-F:.]{2,45}) [\da-fA-F:.]{2,45} \d{1,5} \d{1,5}$/.exec(line) ??
    []
  return address === undefined ? 'wrong' : { address, length }
}

function readBinary(bytes: Buffer): ProxyHeader {
  const [kind, family] = [bytes[12], bytes[13]]
  const length = 16 + bytes.readUInt16BE(14)
  if ((kind !== 0x20 && kind !== 0x21) || length > longest.binary) return 'wrong'
  if (bytes.length < length) return 'more'
  if (kind === 0x20) return { address: null, length }
  if (family === 0x11 && length >= 28)
    return { address: [...bytes.subarray(16, 20)].join('.'), length }
  if (family === 0x21 && length >= 52) return { address: ipv6(bytes.subarray(16, 32)), length }
  return { address: null, length }
}

const ipv6 = (bytes: Buffer): string =>
  Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':')

/**
 * Reads the header of a connection; from then on, the connection has the address of the client.
 * `begin` receives it with the bytes after the header unread.
 */
export function takeProxyHeader(
  socket: Socket,
  isSecure: boolean,
  guests: Guests,
  begin: () => void,
): void {
  const guest = new Handshake(socket)
  let bytes = Buffer.alloc(0)
  const failed = (): void => void socket.destroy()
  const leave = (): void => guests.remove(guest)
  const read = (more: Buffer): void => {
    bytes = Buffer.concat([bytes, more])
    const header = readProxyHeader(bytes)
    if (header === 'more') return
    if (header === 'wrong') return void socket.resetAndDestroy()
    socket.off('data', read)
    for (const event of ['error', 'end']) socket.off(event, failed)
    socket.off('close', leave)
    guests.remove(guest)
    socket.pause()
    const { address, length } = header
    if (address !== null) Object.defineProperty(socket, 'remoteAddress', { value: address })
    if (bytes.length > length) socket.unshift(bytes.subarray(length))
    begin()
    // TLS reads what is unread by itself.
    if (!isSecure) socket.resume()
  }
  guests.add(guest)
  socket.on('data', read)
  socket.on('error', failed)
  socket.on('end', failed)
  socket.on('close', leave)
}
