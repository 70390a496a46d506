import { Upstream, type UpstreamOwner } from './backend.ts'
import { ChunkScanner } from './chunked.ts'
import { compression, Compressor } from './compress.ts'
import { hasLineFeedAlone, readResponse, type ResponseHead } from './head.ts'
import { brokenOff, lineFeedAlone, tooSlow } from './pages.ts'
import type { Passage } from './passage.ts'

/** A request as an instance receives it. */
export interface Outgoing {
  method: string
  /** Request line and headers with the empty line, in latin1. */
  head: string
  /** The part of the body that arrived with the head. */
  firstBody: Buffer | null
  hasBody: boolean
}

/** The client's side of an exchange. Bytes are valid only during a call. */
export interface ExchangeClient {
  /** Whether a part of the request's body is still to come from the client. */
  readonly isUploading: boolean
  /** Stops reading the body until `continueUpload`. */
  holdUpload(): void
  continueUpload(): void
  /**
   * Sends the head of the response, and the bytes of its body from `from` to `to`. Returns false
   * when the client is slow; it calls `continueDownload` later.
   */
  begin(answer: ResponseHead, bytes: Buffer, from: number, to: number): boolean
  /** Sends the head of an interim response (1xx), which ends with its empty line. */
  interim(status: number, head: string): void
  /** Sends more of the body, in the encoding of the instance; returns false like `begin`. */
  pass(bytes: Buffer, from: number, to: number): boolean
  /** The response is complete. */
  complete(): void
  /** Answers with a page of the edge; nothing was sent before. */
  refuse(status: number, text: string): void
  /** Breaks off a response whose head was sent. */
  cut(): void
}

const emptyLine = Buffer.from('\r\n\r\n')
const lastChunk = '0\r\n\r\n'
/** Limit in bytes for the head of a response with the interim responses before it. */
const maxHeadLength = 65_536
/**
 * A request that must not be sent twice only uses a connection that was active this many
 * milliseconds ago.
 */
const freshEnough = 500
const mayRepeat = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Sends requests to instances, one after the other, and reads their responses. Both paths of the
 * edge use it, so a response means the same on each. A refused connection is retried at another
 * instance; a request that broke off is repeated once if that is safe.
 */
export class Exchange implements UpstreamOwner {
  readonly #client: ExchangeClient
  #passage: Passage | null = null
  #request: Outgoing = { method: '', head: '', firstBody: null, hasBody: false }
  #upstream: Upstream | null = null
  #tries = 0
  /** Bytes that the connection to the instance had received before this response. */
  #bytesBefore = 0
  /** Bytes of the heads of this response. */
  #headBytes = 0
  /** An instance accepted the request and then closed the connection. */
  #wasLost = false

  #answer: ResponseHead | null = null
  /** Bytes of a response whose head is incomplete. */
  #start: Buffer | null = null
  #left = 0
  /** When the last part of the request was still to come, on the steady clock. */
  #uploadedAt = 0
  #chunks: ChunkScanner | null = null
  #compressor: Compressor | null = null

  constructor(client: ExchangeClient) {
    this.#client = client
  }

  begin(passage: Passage, request: Outgoing): void {
    this.#passage = passage
    if (passage.rules) {
      this.#uploadedAt = passage.began
      passage.wait = (now) => this.#wait(now)
    }
    this.#request = request
    this.#tries = 0
    this.#wasLost = false
    this.#compressor = null
    this.#dial()
  }

  #dial(): void {
    const backend = this.#passage?.next() ?? null
    if (!backend) return this.#noInstance()
    this.#tries += 1
    const maxIdleMs = mayRepeat.has(this.#request.method) ? Infinity : freshEnough
    const idle = this.#tries > 1 ? null : backend.reuse(this, maxIdleMs)
    this.#bytesBefore = idle?.socket.bytesRead ?? 0
    this.#headBytes = 0
    this.#upstream = idle
    if (idle) return this.#send(idle)
    if (this.#client.isUploading) this.#client.holdUpload()
    this.#upstream = new Upstream(backend, this)
  }

  connected(): void {
    if (this.#upstream) this.#send(this.#upstream)
  }

  #send({ socket }: Upstream): void {
    const { firstBody } = this.#request
    const head = this.#passage?.headFor(this.#request.head) ?? ''
    let canContinue = true
    if (!firstBody) socket.write(head, 'latin1')
    else {
      socket.cork()
      socket.write(head, 'latin1')
      canContinue = socket.write(firstBody)
      socket.uncork()
    }
    if (!this.#client.isUploading) return
    if (canContinue) this.#client.continueUpload()
    else this.#client.holdUpload()
  }

  /** Sends more of the body; returns false when the client must wait for `continueUpload`. */
  write(body: Buffer | string): boolean {
    return this.#upstream?.socket.write(body, 'latin1') ?? true
  }

  drained(): void {
    this.#client.continueUpload()
  }

  continueDownload(): void {
    if (this.#compressor?.resume() !== false) this.#upstream?.socket.resume()
  }

  answered(bytes: Buffer): void {
    if (this.#answer) return this.#passBody(bytes)
    let start = this.#start ? Buffer.concat([this.#start, bytes]) : bytes
    this.#start = null
    for (let end = start.indexOf(emptyLine); end !== -1; end = start.indexOf(emptyLine)) {
      const answer = readResponse(start.toString('latin1', 0, end + 2), this.#request.method)
      if (!answer && hasLineFeedAlone(start, end)) return this.#breakOff(lineFeedAlone)
      if (!answer || answer.status === 101) return this.#breakOff()
      if (answer.status >= 200) return this.#begin(answer, start, end + 4)
      this.#headBytes += end + 4
      if (this.#headBytes > maxHeadLength) return this.#breakOff()
      this.#client.interim(answer.status, interimHead(answer))
      start = start.subarray(end + 4)
    }
    // Its empty line may be one without CR, so that no more bytes would follow.
    if (hasLineFeedAlone(start, start.length)) return this.#breakOff(lineFeedAlone)
    if (this.#headBytes + start.length > maxHeadLength) return this.#breakOff()
    this.#start = start.length > 0 ? Buffer.from(start) : null
  }

  #begin(head: ResponseHead, bytes: Buffer, from: number): void {
    const edit = this.#passage?.rules?.response
    const edited = edit ? { ...head, kept: edit(head.kept) } : head
    const answer = this.#compressed(edited)
    this.#answer = answer
    this.#headBytes += from
    this.#left = typeof head.body === 'number' ? head.body : Infinity
    this.#chunks = head.body === 'chunked' ? new ChunkScanner() : null
    const taken = this.#take(bytes, from)
    const client = this.#compressor ?? this.#client
    const canContinue = client.begin(answer, bytes, from, from + Math.max(taken, 0))
    this.#passed(bytes.length - from, taken, canContinue)
  }

  /** The head for the client; its body is compressed if the environment asks for that. */
  #compressed(head: ResponseHead): ResponseHead {
    const accepted = this.#passage?.compress ?? null
    const found = accepted === null ? null : compression(head, accepted)
    if (!found?.coding) return found?.answer ?? head
    const isChunked = head.body === 'chunked'
    this.#compressor = new Compressor(this.#client, { coding: found.coding, isChunked }, () =>
      this.#upstream?.socket.resume(),
    )
    return found.answer
  }

  #passBody(bytes: Buffer): void {
    const taken = this.#take(bytes, 0)
    const client = this.#compressor ?? this.#client
    this.#passed(bytes.length, taken, taken < 0 || client.pass(bytes, 0, taken))
  }

  /** How many of the bytes belong to the body; −1 when the encoding is not valid. */
  #take(bytes: Buffer, from: number): number {
    if (!this.#chunks) {
      const taken = Math.min(this.#left, bytes.length - from)
      this.#left -= taken
      return taken
    }
    try {
      return this.#chunks.feed(bytes, from)
    } catch {
      return -1
    }
  }

  #passed(count: number, taken: number, canContinue: boolean): void {
    if (taken < 0) return this.#breakOff()
    if (this.#chunks ? this.#chunks.isOver : this.#left === 0) return this.#finish(taken === count)
    if (!canContinue) this.#upstream?.socket.pause()
  }

  /** `isClean`: the connection has no bytes after the response. */
  #finish(isClean: boolean): void {
    const upstream = this.#upstream
    const passage = this.#passage
    const { status = 502, keepAlive = false } = this.#answer ?? {}
    const bytes = (upstream?.socket.bytesRead ?? 0) - this.#bytesBefore
    const size = bytes - this.#headBytes
    // A chunked body without data still has its last chunk.
    const isEmpty = this.#chunks !== null && size <= lastChunk.length
    const client = this.#compressor ?? this.#client
    this.#forget()
    if (isClean && keepAlive && !this.#client.isUploading) upstream?.rest()
    else upstream?.destroy()
    passage?.end(status, bytes, isEmpty ? 0 : size)
    client.complete()
  }

  /** Nothing more is sent of a body that was to be compressed. */
  #stopCompressing(): void {
    this.#compressor?.destroy()
    this.#compressor = null
  }

  #forget(): void {
    this.#upstream = null
    this.#passage = null
    this.#answer = null
    this.#start = null
    this.#chunks = null
  }

  lost(error: Error | null): void {
    const upstream = this.#upstream
    if (!upstream) return
    if (!upstream.isConnected) {
      this.#upstream = null
      this.#passage?.refuse()
      return this.#dial()
    }
    if (this.#answer?.body === 'close' && error === null) return this.#finish(false)
    this.#upstream = null
    const { method, hasBody } = this.#request
    const isUntouched = !this.#answer && !this.#start && !hasBody && mayRepeat.has(method)
    // The instance closed an idle connection just as the request arrived, or it died: these methods
    // are safe to retry.
    if (isUntouched && this.#tries === 1) {
      this.#wasLost = !upstream.isReused
      if (this.#wasLost) this.#passage?.refuse()
      return this.#dial()
    }
    this.#breakOff()
  }

  /** No instance is left: none was tried, or all of them failed. */
  #noInstance(): void {
    if (this.#wasLost) return this.#breakOff()
    const passage = this.#passage
    this.#forget()
    if (!passage) return
    const { status, text } = passage.unavailable()
    this.#client.refuse(status, text)
  }

  /** The response cannot be sent or completed. */
  #breakOff(text = brokenOff): void {
    const hasHead = this.#answer !== null
    const passage = this.#passage
    this.#upstream?.destroy()
    this.#forget()
    this.#stopCompressing()
    passage?.breakOff()
    if (hasHead) this.#client.cut()
    else this.#client.refuse(502, text)
  }

  /** Ends the request when its answer has not begun in time, not counting an upload. */
  #wait(now: number): void {
    if (this.#client.isUploading) this.#uploadedAt = now
    const limit = this.#passage?.rules?.timeout ?? Infinity
    if (this.#answer === null && now - this.#uploadedAt > limit) this.stop(504, tooSlow)
  }

  /** Ends the request with a page of the edge, or breaks off a response that has begun. */
  stop(status: number, text: string): true {
    const hasHead = this.#answer !== null
    const passage = this.#passage
    this.#upstream?.destroy()
    this.#forget()
    this.#stopCompressing()
    passage?.end(status, 0)
    if (hasHead) this.#client.cut()
    else this.#client.refuse(status, text)
    return true
  }

  /** The client disconnected or was cut off. */
  abort(): void {
    const passage = this.#passage
    this.#upstream?.destroy()
    this.#forget()
    this.#stopCompressing()
    passage?.end(499, 0)
  }
}

/** Only Node's server can send 100, and it sends no headers. */
const interimHead = ({ status, kept }: ResponseHead): string =>
  status === 100 ? 'HTTP/1.1 100 Continue\r\n\r\n' : `${kept}\r\n`
