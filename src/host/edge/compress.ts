import {
  constants,
  createBrotliCompress,
  createGzip,
  type BrotliCompress,
  type Gzip,
} from 'node:zlib'
import { ChunkScanner } from './chunked.ts'
import { pairsOfLines, type ResponseHead } from './head.ts'

/** Who gets the compressed body. */
interface Client {
  begin(answer: ResponseHead, bytes: Buffer, from: number, to: number): boolean
  pass(bytes: Buffer, from: number, to: number): boolean
  complete(): void
}

/** A content coding (RFC 9110 §8.4.1). */
export type Coding = 'br' | 'gzip'

/** Smaller answers become hardly smaller. */
const minLength = 1024
/** Types whose content is text. Events of a server have to arrive one by one. */
const isText = (type: string): boolean =>
  /^text\/(?!event-stream)/i.test(type) ||
  /^(?:application|image)\/(?:[\w.-]+\+)?(?:json|xml|javascript|wasm)(?:$|[ ;])/i.test(type)

/** The best coding that a client accepts by its Accept-Encoding (RFC 9110 §12.5.3); or null. */
export function codingFor(accepted: string): Coding | null {
  const quality = new Map(
    accepted
      .toLowerCase()
      .split(',')
      .map((one) => {
        const [name = '', ...parameters] = one.split(';').map((part) => part.trim())
        const q = parameters.find((part) => part.startsWith('q='))?.slice(2)
        return [name, q === undefined ? 1 : Number(q)] as const
      }),
  )
  const of = (name: Coding): number => quality.get(name) ?? quality.get('*') ?? 0
  const [br, gzip] = [of('br'), of('gzip')]
  if (!(br > 0) && !(gzip > 0)) return null
  return br >= gzip ? 'br' : 'gzip'
}

/**
 * The head of an answer whose body the edge compresses: `answer` is the changed head, and `coding`
 * null when this client accepts none. Null for an answer that stays as it is, because its service
 * has compressed it, forbids it, or sends something else than text.
 */
export function compression(
  head: ResponseHead,
  accepted: string,
): { answer: ResponseHead; coding: Coding | null } | null {
  const { body, status, kept } = head
  if (status === 206 || body === 'close' || (body !== 'chunked' && body < minLength)) return null
  const start = kept.indexOf('\r\n') + 2
  const headers = pairsOfLines(kept.slice(start))
  const valueOf = (name: string): string =>
    headers
      .filter(([one]) => one.toLowerCase() === name)
      .map(([, value]) => value)
      .join(', ')
  if (!isText(valueOf('content-type')) || valueOf('content-encoding') !== '') return null
  if (/\bno-transform\b/i.test(valueOf('cache-control'))) return null
  const coding = codingFor(accepted)
  const varies = headers.filter(([name]) => !/^vary$/i.test(name)).map((one) => edited(one, coding))
  const vary = [valueOf('vary'), 'accept-encoding'].filter((one) => one !== '').join(', ')
  const added = [
    ['vary', /accept-encoding|\*/i.test(valueOf('vary')) ? valueOf('vary') : vary],
    ...(coding === null ? [] : [['content-encoding', coding]]),
    ...(coding === null || body === 'chunked' ? [] : [['transfer-encoding', 'chunked']]),
  ]
  const lines = [...varies.flat(), ...added].map(([name, value]) => `${name}: ${value}\r\n`)
  const answer = { ...head, kept: kept.slice(0, start) + lines.join('') }
  return { answer: coding === null ? answer : { ...answer, body: 'chunked' }, coding }
}

/** A header of an answer that is compressed: it has another length, and equals only in content. */
function edited([name, value]: [string, string], coding: Coding | null): [string, string][] {
  if (coding === null) return [[name, value]]
  if (/^(?:content-length|accept-ranges|content-md5|digest)$/i.test(name)) return []
  if (/^etag$/i.test(name) && !value.startsWith('W/')) return [[name, `W/${value}`]]
  return [[name, value]]
}

/** Compresses the body of one answer on its way to the client. */
export class Compressor {
  readonly #client: Client
  readonly #packer: BrotliCompress | Gzip
  readonly #decoder: ChunkScanner | null
  readonly #coding: Coding
  #isSlow = false

  /** `isChunked`: the instance sends chunks. `canContinue` is called when more may come. */
  constructor(
    client: Client,
    { coding, isChunked }: { coding: Coding; isChunked: boolean },
    canContinue: () => void,
  ) {
    this.#client = client
    this.#coding = coding
    const packer = (this.#packer =
      coding === 'br'
        ? createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })
        : createGzip({ level: 5 }))
    this.#decoder = isChunked ? new ChunkScanner((data) => this.#write(data)) : null
    packer.on('data', (data: Buffer) => this.#send(data))
    packer.on('drain', () => !this.#isSlow && canContinue())
  }

  /** Like `begin` and `pass` of the client. */
  begin(answer: ResponseHead, bytes: Buffer, from: number, to: number): boolean {
    this.#client.begin(answer, bytes, from, from)
    return to > from ? this.pass(bytes, from, to) : true
  }

  pass(bytes: Buffer, from: number, to: number): boolean {
    const part = bytes.subarray(from, to)
    if (this.#decoder) {
      this.#decoder.feed(part, 0)
      // A service that sends a part wants it to arrive.
      this.#packer.flush(
        this.#coding === 'br' ? constants.BROTLI_OPERATION_FLUSH : constants.Z_SYNC_FLUSH,
      )
    } else this.#write(part)
    return !this.#isSlow && !this.#packer.writableNeedDrain
  }

  #write(data: Buffer): void {
    this.#packer.write(Buffer.from(data))
  }

  #send(data: Buffer): void {
    const chunk = Buffer.concat([
      Buffer.from(`${data.length.toString(16)}\r\n`),
      data,
      Buffer.from('\r\n'),
    ])
    if (this.#client.pass(chunk, 0, chunk.length)) return
    this.#isSlow = true
    this.#packer.pause()
  }

  /** The client takes more; returns whether the instance may send more. */
  resume(): boolean {
    this.#isSlow = false
    this.#packer.resume()
    return !this.#packer.writableNeedDrain
  }

  /** The body is complete: the client is, once the rest is compressed. */
  complete(): void {
    this.#packer.once('end', () => {
      const last = Buffer.from(`0\r\n${this.#decoder?.trailers ?? ''}\r\n`, 'latin1')
      this.#client.pass(last, 0, last.length)
      this.#client.complete()
    })
    this.#packer.end()
  }

  destroy(): void {
    this.#packer.destroy()
  }
}
