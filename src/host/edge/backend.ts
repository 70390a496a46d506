import { Socket } from 'node:net'
import { type Address, socketOf } from '../address.ts'

/** The user of a connection to an instance. */
export interface UpstreamOwner {
  connected(): void
  /** The bytes are valid only during the call. */
  answered(bytes: Buffer): void
  /** The connection ended; `null` when the instance closed it cleanly. */
  lost(error: Error | null): void
  drained(): void
}

/**
 * Milliseconds after which an idle connection is not reused, because the instance may be about to
 * close it.
 */
const maxIdleMs = 30_000

/** Shared buffer for all responses: a buffer per connection would cost more than copying. */
const shared = Buffer.allocUnsafeSlow(65_536)

type Done = (error?: Error | null) => void

/**
 * A socket that still reads after a failed write. An instance may answer early and close while a
 * body is being sent, and its response is then in the kernel's buffer.
 */
class InstanceSocket extends Socket {
  writeError: Error | null = null

  // The names are those of Node's interface for streams.
  /* oxlint-disable no-underscore-dangle */
  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    super._write(chunk, encoding, (error) => this.#written(error, done))
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: Done): void {
    super._writev?.(chunks, (error) => this.#written(error, done))
  }
  /* oxlint-enable no-underscore-dangle */

  #written(error: Error | null | undefined, done: Done): void {
    if (error) this.writeError = error
    done()
  }
}

/** One connection to an instance; it carries one request at a time. */
export class Upstream {
  readonly socket: InstanceSocket
  owner: UpstreamOwner | null
  isConnected = false
  isReused = false
  idleSince = 0
  readonly #backend: Backend

  constructor(backend: Backend, owner: UpstreamOwner) {
    this.#backend = backend
    this.owner = owner
    const onread = { buffer: shared, callback: this.#read }
    const socket = (this.socket = new InstanceSocket({ noDelay: true, onread }))
    socket.connect(socketOf(backend.address))
    socket.on('connect', () => {
      this.isConnected = true
      this.owner?.connected()
    })
    socket.on('drain', () => this.owner?.drained())
    socket.on('end', () => this.#over(socket.writeError))
    socket.on('error', (error) => this.#over(error))
    socket.on('close', () => this.#over(socket.writeError))
  }

  #read = (count: number): boolean => {
    // Unsolicited bytes would be taken for the next response.
    if (this.owner) this.owner.answered(shared.subarray(0, count))
    else this.destroy()
    return true
  }

  /** Returns the connection to the pool after a complete response. */
  rest(): void {
    this.owner = null
    this.isReused = true
    this.idleSince = performance.now()
    if (this.socket.isPaused()) this.socket.resume()
    this.#backend.keep(this)
  }

  destroy(): void {
    this.owner = null
    this.#backend.forget(this)
    this.socket.destroy()
  }

  #over(error: Error | null): void {
    const owner = this.owner
    this.destroy()
    owner?.lost(error)
  }
}

/** An instance as the edge sees it: an address and its connections. */
export class Backend {
  readonly address: Address
  /** Requests in progress. */
  open = 0
  #idle: Upstream[] = []
  #isClosed = false

  constructor(address: Address) {
    this.address = address
  }

  /** Returns a connection that was idle for at most that many milliseconds, or null. */
  reuse(owner: UpstreamOwner, requestedMaxIdleMs: number): Upstream | null {
    const latest = this.#idle.at(-1)
    if (!latest || performance.now() - latest.idleSince > Math.min(requestedMaxIdleMs, maxIdleMs))
      return null
    this.#idle.pop()
    latest.owner = owner
    return latest
  }

  keep(upstream: Upstream): void {
    if (this.#isClosed) return upstream.destroy()
    this.#idle.push(upstream)
    // The first in the list is the oldest.
    const oldest = this.#idle[0]
    if (oldest && upstream.idleSince - oldest.idleSince > maxIdleMs) oldest.destroy()
  }

  forget(upstream: Upstream): void {
    const at = this.#idle.indexOf(upstream)
    if (at !== -1) this.#idle.splice(at, 1)
  }

  /** Closes idle connections now and the others after their response. */
  close(): void {
    this.#isClosed = true
    for (const upstream of this.#idle.slice()) upstream.destroy()
  }
}
