import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'
import { Transform, type TransformCallback } from 'node:stream'
import { createSecureContext, TLSSocket } from 'node:tls'
import { selfSigned } from '../certificates/x509.ts'
import { type ProxyEffect, type ProxyOrder, proxyOrder } from './proxy-parameters.ts'

/** The answer of an HTTP server with a status, which ends the connection. */
const statusAnswer = (status: number): string =>
  `HTTP/1.1 ${status} Fault\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`

/**
 * The process of a proxy in front of a dependency. The undo of its fault kills it, as each process
 * with the marker of the fault.
 */
export async function main([text = '']: string[]): Promise<number> {
  const order = proxyOrder.parse(JSON.parse(text))
  const listener = createServer({ allowHalfOpen: true }, proxyConnection(order, Math.random))
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(order.port, order.address, resolve)
  })
  // The injector, which waits for this, may be dead.
  process.stdout.on('error', () => undefined)
  process.stdout.write('listening\n')
  await new Promise(() => undefined)
  return 0
}

/** Serves a connection of a service. `random` returns numbers from 0 to 1. */
export function proxyConnection(order: ProxyOrder, random: () => number): (from: Socket) => void {
  const serve = order.does === 'certificate' ? expiredTls(order.to.host) : null
  return (from) => {
    from.on('error', () => undefined)
    if (random() >= order.share) return pass(from, order, null)
    if (serve) return serve(from)
    if (order.does === 'reset') return void from.resetAndDestroy()
    // Its requests are read, so that the client does not wait for that.
    if (order.does === 'hang') return void from.resume()
    if (order.does === 'status') return answerStatus(from, order.status)
    pass(from, order, changerOf(order))
  }
}

/** Connects to the dependency; its answers go through the changer. */
function pass(from: Socket, { to }: ProxyOrder, changer: Transform | null): void {
  const dependency = connect({ ...to, allowHalfOpen: true })
  const end = (): void => {
    from.destroy()
    dependency.destroy()
  }
  // A connection that is refused is refused to the service, too.
  dependency.on('error', () => from.resetAndDestroy())
  from.on('close', () => dependency.destroy())
  from.pipe(dependency)
  if (!changer) return void dependency.pipe(from)
  changer.on('error', end)
  changer.on('cut', end)
  dependency.pipe(changer).pipe(from)
}

function answerStatus(from: Socket, status: number): void {
  let head = ''
  from.on('data', (data: Buffer) => {
    head = (head + data.toString('latin1')).slice(-4)
    if (data.includes('\r\n\r\n') || head === '\r\n\r\n') from.end(statusAnswer(status))
  })
}

/** Changes the bytes of an answer. */
function changerOf({ does, milliseconds, kilobytes, bytes }: ProxyEffect): Transform {
  if (does === 'latency') return later(milliseconds)
  if (does === 'truncate') return truncator(bytes)
  return new Transform({
    transform: (data: Buffer, _encoding, done) => {
      if (does === 'garbage') return done(null, randomBytes(data.length))
      setTimeout(() => done(null, data), (1000 * data.length) / (1024 * kilobytes))
    },
  })
}

/** Passes each part so much later, in the same order. */
const later = (ms: number): Transform =>
  new Transform({
    transform(data: Buffer, _encoding, done) {
      setTimeout(() => this.push(data), ms)
      done()
    },
    flush: (done) => void setTimeout(done, ms),
  })

/** Passes so many bytes, and then emits `cut`. */
function truncator(bytes: number): Transform {
  let left = bytes
  const transform = function (this: Transform, data: Buffer, _: string, done: TransformCallback) {
    this.push(data.subarray(0, left))
    left -= data.length
    done()
    // What was passed is sent first.
    if (left <= 0) setTimeout(() => this.emit('cut'), 20)
  }
  return new Transform({ transform })
}

/** Answers TLS with a certificate that ended a day ago, for the right name. */
function expiredTls(name: string): (from: Socket) => void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const day = 86_400_000
  const times = { begins: Date.now() - 90 * day, expires: Date.now() - day }
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const secureContext = createSecureContext({ key, cert: selfSigned(name, privateKey, times) })
  return (from) => {
    const secure = new TLSSocket(from, { isServer: true, secureContext })
    secure.on('error', () => from.destroy())
    secure.resume()
  }
}
