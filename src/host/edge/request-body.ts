import type { Readable } from 'node:stream'
import type { Exchange } from './exchange.ts'
import { pairsOf } from './head.ts'
import { tooLarge } from './pages.ts'

interface RequestBodyOptions {
  /** whether its length is not known before, so that the instance gets it in chunks */
  isChunked: boolean
  /** limit in bytes of a body whose length is not known before */
  limit: number
  /** the trailers as a flat list of names and values, once the body has ended */
  trailers(): string[]
}

/** The body of a request on its way from the client's stream to an instance. */
export class RequestBody {
  readonly #stream: Readable
  readonly #exchange: Exchange
  readonly #options: RequestBodyOptions
  /** Bytes that may still come. */
  #left: number
  #isSending = false
  /** Whether a part is still to come from the client. */
  isUploading = true

  constructor(stream: Readable, exchange: Exchange, options: RequestBodyOptions) {
    this.#stream = stream
    this.#exchange = exchange
    this.#options = options
    this.#left = options.limit
  }

  /** Sends what the client sends, from now on or again. */
  continue(): void {
    if (!this.#isSending) {
      this.#isSending = true
      this.#stream.on('data', (data: Buffer) => {
        if (!this.#send(data)) this.#stream.pause()
      })
      this.#stream.on('end', () => this.#end())
    }
    this.#stream.resume()
  }

  #send(data: Buffer): boolean {
    if (!this.#options.isChunked) return this.#exchange.write(data)
    if (this.#left < 0) return true
    this.#left -= data.length
    if (this.#left < 0) return this.#exchange.stop(413, tooLarge)
    this.#exchange.write(`${data.length.toString(16)}\r\n`)
    this.#exchange.write(data)
    return this.#exchange.write('\r\n')
  }

  #end(): void {
    this.isUploading = false
    if (!this.#options.isChunked) return
    const trailers = pairsOf(this.#options.trailers())
    const lines = trailers.map(([name, value]) => `${name}: ${value}\r\n`)
    this.#exchange.write(`0\r\n${lines.join('')}\r\n`)
  }
}
