import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type { EdgeCertificates } from './domains.ts'
import { type Guests, Handshake } from './guests.ts'

/** The protocol by which an authority asks for a proof in a handshake (RFC 8737). */
const proofProtocol = 'acme-tls/1'

/** The connections under those with TLS. */
const raw = new WeakMap<Socket, Socket>()

/** The TCP connection of a socket, which is the socket itself without TLS. */
export const beneath = (socket: Socket): Socket => raw.get(socket) ?? socket

interface HandshakesOptions {
  guests: Guests
  certificates: EdgeCertificates
  /** Receives each connection after its handshake. */
  accept(socket: TLSSocket): void
}

/**
 * Returns what does the handshakes of connections with TLS 1.2 or 1.3. A name without a certificate
 * gets none, so its handshake fails.
 */
export function handshakes({
  guests,
  certificates,
  accept,
}: HandshakesOptions): (socket: Socket) => void {
  const empty = createSecureContext({ minVersion: 'TLSv1.2' })
  const begin = (socket: Socket, handshake: Handshake, isProof: boolean): void => {
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: empty,
      ALPNProtocols: isProof ? [proofProtocol] : ['h2', 'http/1.1'],
      SNICallback: (name, done) => done(null, contextOf(name, isProof) ?? undefined),
    })
    raw.set(secure, socket)
    const failed = (): void => void secure.destroy()
    secure.on('error', failed)
    secure.once('secure', () => {
      if (isProof) return void secure.end()
      guests.remove(handshake)
      // Node's HTTP/2 waits for this; only Node's server for TLS would set it.
      Object.assign(secure, { secureConnecting: false })
      accept(secure)
      secure.off('error', failed)
    })
  }
  const contextOf = (name: string, isProof: boolean): SecureContext | null => {
    const lower = name.toLowerCase()
    return isProof ? certificates.proofFor(lower) : certificates.contextFor(lower)
  }
  return (socket) => {
    const handshake = new Handshake(socket)
    guests.add(handshake)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => guests.remove(handshake))
    if (!certificates.isProving()) return begin(socket, handshake, false)
    // The certificate depends on the protocol, which Node chooses after the certificate.
    socket.once('data', (bytes) => {
      socket.pause()
      socket.unshift(bytes)
      begin(socket, handshake, bytes.includes(proofProtocol))
    })
  }
}
