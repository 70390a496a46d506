import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { edgeCertificates } from '../../../test/support/certificate.ts'
import { readMessage, type WireMessage } from '../../../test/support/http-wire.ts'
import { isLong } from '../../../test/support/scale.ts'
import { createEdge, type Edge } from './edge.ts'

const host = 'shop.production.localhost'
const runs = isLong ? 5000 : 200
const seed = process.env['FAIRLEAD_TEST_SEED']
/** Milliseconds without progress after which a client or a service counts as stuck. */
const patience = 3000

/** What a service answers to a request, and when. */
interface Script {
  interim: string
  response: string
  /** The response is sent in pieces that end at these positions. */
  cuts: number[]
  /** Answers before the body has arrived. */
  isEarly: boolean
  /** Closes after the response: at once, resetting the connection, or not at all. */
  after: 'keep' | 'end' | 'reset'
}

interface Step {
  method: string
  bytes: string
  /** The request is sent in pieces that end at these positions. */
  cuts: number[]
  /** With an early response: how many bytes the client holds back. */
  heldBack: number
  script: Script
}

/** A service that answers by script, and records what it received. */
class ScriptedService {
  port = 0
  received: WireMessage[] = []
  readonly #scripts = new Map<string, Script>()
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer({ noDelay: true }, (socket) => {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => undefined)
    this.#serve(socket)
  })

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
  }

  expects(steps: Step[]): void {
    this.received = []
    this.#scripts.clear()
    for (const [index, { script }] of steps.entries()) this.#scripts.set(`/${index}`, script)
  }

  stop(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #serve(socket: Socket): void {
    let text = ''
    let isAnswering = false
    const next = async (): Promise<void> => {
      const script = this.#scripts.get(text.split(' ')[1]?.split('?')[0] ?? '')
      if (isAnswering || !script || !text.includes('\r\n\r\n')) return
      const found = readMessage(text, { hasNoBody: false, isRequest: true, isEnded: false })
      if (!found && !script.isEarly) return
      isAnswering = true
      this.received.push(
        found && !script.isEarly
          ? found.message
          : onlyHead(text.slice(0, text.indexOf('\r\n\r\n'))),
      )
      text = found ? text.slice(found.length) : ''
      await send(socket, script.interim, [])
      await send(socket, script.response, script.cuts)
      if (script.after === 'end') return void socket.end()
      if (script.after === 'reset') return void socket.destroy()
      isAnswering = script.isEarly && !found
      await next()
    }
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      void next()
    })
  }
}

const onlyHead = (head: string): WireMessage => {
  const read = readMessage(`${head}\r\n\r\n`, { hasNoBody: true, isRequest: true, isEnded: false })
  return read?.message ?? { start: head, headers: [], body: '', trailers: [] }
}

/** Writes the text in pieces; each is a packet of its own where the kernel allows. */
async function send(socket: Socket, text: string, cuts: number[]): Promise<void> {
  const ends = [...cuts, text.length]
    .map((cut) => Math.min(cut, text.length))
    .toSorted((a, b) => a - b)
  let from = 0
  for (const end of ends) {
    if (end === from) continue
    if (socket.writable) socket.write(text.slice(from, end), 'latin1')
    from = end
    await turn()
  }
}

/** What a client saw: the responses, and how the connection went on. */
interface Seen {
  responses: (WireMessage & { interim: WireMessage[] })[]
  end: 'open' | 'closed' | 'cut' | 'stuck'
}

async function talk(
  { port, isSecure }: Pick<Path, 'port' | 'isSecure'>,
  steps: Step[],
  isPipelined: boolean,
): Promise<Seen> {
  const place = { host: '127.0.0.1', port }
  const socket = isSecure
    ? connectTls({ ...place, servername: host, rejectUnauthorized: false })
    : connect({ ...place, noDelay: true })
  let text = ''
  let isEnded = false
  let wake = (): void => undefined
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
    wake()
  })
  for (const event of ['end', 'error', 'close'])
    socket.on(event, () => {
      isEnded = true
      wake()
    })
  const changed = (): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), patience)
      wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  const seen: Seen = { responses: [], end: 'open' }
  const receive = async (method: string): Promise<boolean> => {
    for (const interim: WireMessage[] = []; ;) {
      const status = Number(text.slice(9, 12))
      const hasNoBody = method === 'HEAD' || status === 204 || status === 304 || status < 200
      const found = readMessage(text, { hasNoBody, isRequest: false, isEnded })
      if (found) {
        text = text.slice(found.length)
        if (status < 200) interim.push(found.message)
        else {
          seen.responses.push({ ...found.message, interim })
          return true
        }
      } else if (isEnded) {
        seen.end = text === '' ? 'closed' : 'cut'
        return false
      } else if (!(await changed())) {
        seen.end = 'stuck'
        return false
      }
    }
  }
  if (isPipelined)
    await send(
      socket,
      steps.map(({ bytes }) => bytes).join(''),
      steps.flatMap(({ cuts }) => cuts),
    )
  for (const { method, bytes, cuts, heldBack } of steps) {
    if (!isPipelined) await send(socket, bytes.slice(0, bytes.length - heldBack), cuts)
    if (!(await receive(method))) break
    const last = seen.responses.at(-1)
    if (last?.headers.some(([name, value]) => /^connection$/i.test(name) && value === 'close')) {
      while (!isEnded) if (!(await changed())) seen.end = 'stuck'
      if (seen.end !== 'stuck') seen.end = text === '' ? 'closed' : 'cut'
      break
    }
  }
  socket.destroy()
  return seen
}

// --- generators

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/)
const value = fc.stringMatching(/^[!-~\x80-\xff][ -~\x80-\xff]{0,20}$/)
const padding = fc.constantFrom('', ' ', '\t', '  ')
const anyHeader = fc
  .tuple(token, padding, value, padding)
  .filter(([name]) => !/^(?:connection|te|host|upgrade|expect|trailer|date)$/i.test(name))
  .map(([name, before, text, after]) => `x${name}:${before}${text}${after}`)
const weighted = <T>(...choices: [number, fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
  fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight: weight * 10, arbitrary })))
const cutsIn = fc.array(fc.nat(400), { maxLength: 3 })
const text = weighted<string>(
  [6, fc.stringMatching(/^[ -~\x80-\xff]{0,60}$/)],
  [1, fc.integer({ min: 20_000, max: 90_000 }).map((length) => 'b'.repeat(length))],
)
const extension = fc.constantFrom('', '', ';a=b', ';q="x y"', ';a')
const trailerLines = fc.oneof(
  fc.constant(''),
  fc.array(anyHeader, { minLength: 1, maxLength: 3 }).map((all) => `${all.join('\r\n')}\r\n`),
)
const chunked = fc
  .tuple(fc.array(fc.tuple(text, extension), { maxLength: 4 }), extension, trailerLines)
  .map(([parts, last, trailers]) => {
    const chunks = parts
      .filter(([part]) => part !== '')
      .map(([part, more]) => `${part.length.toString(16)}${more}\r\n${part}\r\n`)
    return `${chunks.join('')}0${last}\r\n${trailers}\r\n`
  })
const large = (min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((length) => `x-large: ${'v'.repeat(length)}`)
const many = fc
  .integer({ min: 900, max: 1300 })
  .map((count) => Array.from({ length: count }, (_, i) => `m${i % 10}:${i}`).join('\r\n'))

const requestLine = fc.record({
  method: fc.constantFrom('GET', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
  query: fc.constantFrom('', '?a=b', '?q=%20&x', '?[]"<>'),
  version: weighted([12, fc.constant('1.1')], [1, fc.constant('1.0')]),
  isAbsolute: weighted([12, fc.constant(false)], [1, fc.constant(true)]),
})
const requestHeaders = fc.array(
  weighted<string>(
    [8, anyHeader],
    [1, fc.constantFrom('Connection: close', 'connection: keep-alive', 'Connection: xa, close')],
    [1, fc.constantFrom('X-Forwarded-For: 1.2.3.4', 'x-forwarded-proto:https')],
    [1, fc.constantFrom('X-Forwarded-Host: pay.example', 'Keep-Alive: timeout=5', 'xa: 1')],
    [1, fc.constantFrom('TE: trailers', 'Expect: 100-continue', 'Upgrade: h2c', 'Expect: no')],
    [1, fc.constantFrom('Cookie: a=1', 'cookie: b=2; fairlead_session=x', 'Accept: a')],
    [0.3, large(1000, 17_000)],
    [0.1, many],
  ),
  { maxLength: 5 },
)
const requestBody = weighted<{ lines: string[]; body: string }>(
  [6, fc.constant({ lines: [], body: '' })],
  [3, text.map((body) => ({ lines: [`Content-Length: ${body.length}`], body }))],
  [2, chunked.map((body) => ({ lines: ['Transfer-Encoding: chunked'], body }))],
)

const responseHeaders = fc.array(
  weighted<string>(
    [8, anyHeader],
    [1, fc.constantFrom('Set-Cookie: a=1', 'set-cookie: b=2; Path=/', 'Trailer: xa')],
    [1, fc.constantFrom('Connection: keep-alive', 'Keep-Alive: timeout=1', 'Upgrade: h2')],
    [0.5, large(15_000, 40_000)],
    [0.1, large(70_000, 80_000)],
    [0.1, many],
  ),
  { maxLength: 5 },
)
const status = fc.constantFrom(200, 200, 200, 201, 204, 206, 299, 304, 404, 413, 417, 500, 503)
const reason = fc.constantFrom('OK', '', 'Not \xfcber', 'a b')
const interim = weighted(
  [8, fc.constant('')],
  [1, fc.constant('HTTP/1.1 100 Continue\r\n\r\n')],
  [1, fc.constant('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 P\r\n\r\n')],
  [1, fc.constant('HTTP/1.1 103 \xfc\r\nConnection: close\r\nContent-Length: 3\r\n\r\n')],
)
const broken = fc.constantFrom(
  'hello\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n',
  'HTTP/1.1 200 OK\r\n folded: 1\r\n\r\n',
  'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
  'HTTP/1.1 200 OK\r\nx: y\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nabc',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: \0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
)

interface Framed {
  lines: string[]
  body: string
  ends: boolean
}
const framed = weighted<Framed>(
  [5, text.map((body) => ({ lines: [`Content-Length: ${body.length}`], body, ends: false }))],
  [4, chunked.map((body) => ({ lines: ['Transfer-Encoding: chunked'], body, ends: false }))],
  [1, text.map((body) => ({ lines: [], body, ends: true }))],
)

const scriptOf = (method: string, hasBody: boolean): fc.Arbitrary<Script> =>
  fc
    .record({
      ...{ interim, status, reason, headers: responseHeaders, framed, cuts: cutsIn },
      version: weighted([9, fc.constant('1.1')], [1, fc.constant('1.0')]),
      isClosing: fc.boolean(),
      wrong: weighted<string | null>([14, fc.constant(null)], [1, broken]),
      early: hasBody ? fc.constantFrom('no', 'keep', 'end', 'reset') : fc.constant('no'),
    })
    .map((all) => {
      const hasNone = method === 'HEAD' || all.status === 204 || all.status === 304
      const isEarly = all.early !== 'no'
      const ends = (all.framed.ends && !hasNone) || all.isClosing || all.version === '1.0'
      const lines = [
        `HTTP/${all.version} ${all.status} ${all.reason}`,
        ...all.headers.filter((line) => !(ends && /^connection/i.test(line))),
        ...(hasNone && all.framed.ends ? [] : all.framed.lines),
        ...(ends ? ['Connection: close'] : []),
      ]
      const whole = `${lines.join('\r\n')}\r\n\r\n${hasNone ? '' : all.framed.body}`
      const isOld = all.version === '1.0' && all.framed.lines[0]?.startsWith('Transfer')
      const response = all.wrong ?? (isOld ? whole.replace('HTTP/1.0', 'HTTP/1.1') : whole)
      return {
        interim: all.interim,
        response,
        cuts: all.cuts,
        isEarly,
        after:
          isEarly && all.early !== 'keep'
            ? (all.early as 'end' | 'reset')
            : ends || all.wrong !== null
              ? 'end'
              : 'keep',
      } satisfies Script
    })

const step = (index: number): fc.Arbitrary<Step> =>
  fc
    .record({
      line: requestLine,
      headers: requestHeaders,
      body: requestBody,
      cuts: cutsIn,
      isLf: weighted([40, fc.constant(false)], [1, fc.constant(true)]),
    })
    .chain((all) => {
      const { method, query, version, isAbsolute } = all.line
      const hasBody = all.body.body.length > 10
      return scriptOf(method, hasBody).map((script) => {
        const head = [
          `${method} ${isAbsolute ? `http://${host}` : ''}/${index}${query} HTTP/${version}`,
          `Host: ${isAbsolute ? 'ignored.example' : host}`,
          ...all.headers,
          ...all.body.lines,
        ].join('\r\n')
        const bytes = `${head}\r\n\r\n`
        return {
          method,
          bytes: (all.isLf ? bytes.replaceAll('\r\n', '\n') : bytes) + all.body.body,
          cuts: all.cuts,
          heldBack: script.isEarly ? 5 : 0,
          script,
        }
      })
    })

const conversation = fc
  .integer({ min: 1, max: 4 })
  .chain((count) =>
    fc.tuple(fc.tuple(...Array.from({ length: count }, (_, index) => step(index))), fc.boolean()),
  )

// --- the test

interface Path {
  edge: Edge
  service: ScriptedService
  port: number
  isSecure: boolean
}
const paths: Path[] = []

beforeAll(async () => {
  for (const [isThorough, isSecure] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    const service = new ScriptedService()
    await service.start()
    const options = { address: '127.0.0.1', log: () => undefined, random: Math.random }
    const https = { port: 0, certificates: edgeCertificates([host]) }
    const edge = createEdge({ ...options, isThorough, ...(isSecure ? { https } : {}) })
    edge.set({
      ...{ app: 'shop', environment: 'production', host, port: null, release: 1 },
      services: [{ name: 'web', ports: [service.port] }],
    })
    await edge.listen(0, new Map())
    const name = isSecure ? 'https' : 'edge'
    const address = edge.sockets().get(name)?.address() as AddressInfo
    paths.push({ edge, service, port: address.port, isSecure })
  }
})
afterAll(async () => {
  for (const { edge, service } of paths) {
    await edge.close(0)
    service.stop()
  }
})

/** Everything of a conversation that must be equal, and how often the edge counted what. */
async function observe({ edge, service, ...path }: Path, steps: Step[], all: boolean) {
  service.expects(steps)
  const before = edge.counts()[0]
  const seen = await talk(path, steps, all)
  const after = edge.counts()[0]
  const counted = (['requests', 'errors', 'unavailable'] as const).map(
    (name) => (after?.[name] ?? 0) - (before?.[name] ?? 0),
  )
  return {
    end: seen.end,
    responses: seen.responses.map((one) => ({
      ...one,
      headers: one.headers.filter(([name]) => name.toLowerCase() !== 'date'),
    })),
    received: service.received.map((one) => ({
      ...one,
      headers: one.headers.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
    })),
    // A request that the edge closes on counts as ended when the connection does.
    ...(seen.end === 'open' ? { counted } : {}),
  }
}

test.each([
  ['without TLS', false, runs],
  ['with TLS', true, runs / 10],
])(
  'both paths send the same requests on, and answer and count alike, %s',
  async (_, isSecure, numRuns) => {
    await fc.assert(
      fc.asyncProperty(conversation, async ([steps, wantsAll]) => {
        const isPipelined = wantsAll && steps.every(({ script }) => !script.isEarly)
        const [quick, thorough] = await Promise.all(
          paths
            .filter((path) => path.isSecure === isSecure)
            .map((path) => observe(path, steps, isPipelined)),
        )
        expect(quick).toEqual(thorough)
        expect(quick?.end).not.toBe('stuck')
        for (const { start, headers } of quick?.received ?? []) {
          expect(start).toMatch(/^[A-Z]+ \/\d/)
          expect(headers.filter(([name]) => /^host$/i.test(name))).toEqual([['Host', host]])
        }
      }),
      {
        numRuns,
        ...(seed === undefined ? {} : { seed: Number(seed) }),
        ...(isLong ? {} : { seed: 12, endOnFailure: true }),
      },
    )
  },
  600_000,
)
