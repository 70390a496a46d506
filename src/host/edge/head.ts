import { hasConsoleCookie } from './console-cookies.ts'
import { isClaim } from './forwarded.ts'

/** The parts of a head that the fast path needs. Everything is latin1, as on the wire. */
export interface RequestHead {
  method: string
  /** The Host header without its port, in lower case. */
  host: string
  /** The Host header unchanged. */
  authority: string
  keepAlive: boolean
  /** Length of the body in bytes. */
  length: number
  /** Request line and forwarded headers, each with its line end. */
  kept: string
  /** Request line and all headers. */
  whole: string
  forwardedFor: string
  forwardedProto: string
  forwardedHost: string
  /** The lines of other headers by which a proxy tells about its client. */
  claims: string
}

export interface ResponseHead {
  status: number
  keepAlive: boolean
  /** Bytes of the body, `chunked`, or `close` when the end of the connection ends it. */
  body: number | 'chunked' | 'close'
  /** Status line and forwarded headers, each with its line end. */
  kept: string
}

const requestLine = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \/[!-~]* HTTP\/1\.1\r\n/
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([^\0-\x08\n-\x1f\x7f]*))?\r\n/
/**
 * A head of plain header lines. The next character determines the alternative, so there is no
 * backtracking.
 */
const plainLines = /(?:[\w!#$%&'*+\-.^`|~]+:[^\0-\x08\n-\x1f\x7f]*\r\n)*$/y
/** Characters of a host with a port (RFC 3986 §3.2), without user information. */
export const authority = /^[\w\-.~!$&'()*+,;=%:[\]]+$/
const digits = /^\d{1,15}$/

/** Removes the optional whitespace of RFC 9110 §5.6.3: only space and tab, unlike `trim()`. */
export function withoutPadding(text: string): string {
  let [from, to] = [0, text.length]
  const isPadding = (at: number): boolean => text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9
  while (from < to && isPadding(from)) from += 1
  while (to > from && isPadding(to - 1)) to -= 1
  return text.slice(from, to)
}

/**
 * Parses the head of a request, with its last line end but without the empty line. Null unless it
 * is a plain HTTP/1.1 request that every parser reads in the same way; Node's parser handles the
 * others.
 */
export function readRequest(head: string): RequestHead | null {
  const line = requestLine.exec(head)
  if (!line || !hasPlainLines(head, line[0].length)) return null
  const found: RequestHead = {
    method: line[1] ?? '',
    host: '',
    authority: '',
    keepAlive: true,
    length: -1,
    kept: '',
    whole: head,
    forwardedFor: '',
    forwardedProto: '',
    forwardedHost: '',
    claims: '',
  }
  let keptFrom = 0
  for (let at = line[0].length; at < head.length;) {
    const end = head.indexOf('\r\n', at) + 2
    const verdict = requestHeader(found, head, at, end)
    if (verdict === 'other') return null
    if (verdict === 'drop') {
      found.kept += head.slice(keptFrom, at)
      keptFrom = end
    }
    at = end
  }
  if (found.authority === '') return null
  found.kept = keptFrom === 0 ? head : found.kept + head.slice(keptFrom)
  if (found.length === -1) found.length = 0
  return found
}

type Verdict = 'keep' | 'drop' | 'other'

function requestHeader(found: RequestHead, head: string, at: number, end: number): Verdict {
  const colon = head.indexOf(':', at)
  // The length rules out most headers.
  const length = colon - at
  if (length !== 4 && (length < 6 || length > 19) && length !== 2 && !mayBeClaim(head, at, length))
    return 'keep'
  const value = (): string => withoutPadding(head.slice(colon + 1, end - 2))
  const name = head.slice(at, colon).toLowerCase()
  switch (name) {
    case 'host': {
      if (found.authority !== '') return 'other'
      found.authority = value()
      if (!authority.test(found.authority)) return 'other'
      found.host = hostName(found.authority)
      return 'keep'
    }
    case 'content-length': {
      const text = value()
      if (found.length !== -1 || !digits.test(text)) return 'other'
      found.length = Number(text)
      return 'keep'
    }
    case 'connection': {
      const text = value().toLowerCase()
      if (text !== 'keep-alive' && text !== 'close') return 'other'
      if (text === 'close') found.keepAlive = false
      return 'drop'
    }
    case 'x-forwarded-for':
      found.forwardedFor = joined(found.forwardedFor, value())
      return 'drop'
    case 'x-forwarded-proto':
      found.forwardedProto = joined(found.forwardedProto, value())
      return 'drop'
    case 'x-forwarded-host':
      found.forwardedHost = joined(found.forwardedHost, value())
      return 'drop'
    case 'cookie':
      return hasConsoleCookie(value()) ? 'other' : 'keep'
    case 'keep-alive':
    case 'proxy-connection':
      return 'drop'
    case 'transfer-encoding':
    case 'upgrade':
    case 'expect':
    case 'te':
    case 'trailer':
    case 'proxy-authorization':
    case 'proxy-authenticate':
      return 'other'
    default:
      if (!mayNameClient(name) || !isClaim(name)) return 'keep'
      found.claims += head.slice(at, end)
      return 'drop'
  }
}

/** Rules out most headers by their first letter: `x-…` and `forwarded`. */
const mayNameClient = (name: string): boolean => {
  const first = name.charCodeAt(0)
  return first === 120 || first === 102
}

/** Of headers of a proxy, only `x-forwarded-…` are that long. */
const mayBeClaim = (head: string, at: number, length: number): boolean =>
  length > 19 && head.charCodeAt(at + 1) === 45

/** The value of a repeated header. */
const joined = (before: string, value: string): string =>
  before === '' ? value : `${before}, ${value}`

/**
 * Returns whether the start of a head can become a request that `readRequest` accepts. Node's
 * parser refuses most others at once, so that their clients do not wait.
 */
export function mayBecomeRequest(start: Buffer): boolean {
  if (hasLineFeedAlone(start, start.length)) return false
  const end = start.indexOf('\r\n')
  return end === -1
    ? /^[A-Z]{1,7}(?: |$)/.test(start.toString('latin1', 0, 8))
    : requestLine.test(start.toString('latin1', 0, end + 2))
}

/** The path with query of a request, from its kept lines. */
export const pathOf = (kept: string): string =>
  kept.slice(kept.indexOf(' ') + 1, kept.indexOf(' HTTP/'))

/** The header with that lower-case name in a head, joined if repeated; empty without one. */
export function headerOf(head: string, name: string): string {
  const lower = head.toLowerCase()
  const values: string[] = []
  for (let at = -2; (at = lower.indexOf(`\r\n${name}:`, at + 2)) !== -1;)
    values.push(withoutPadding(head.slice(at + name.length + 3, head.indexOf('\r\n', at + 2))))
  return values.join(name === 'cookie' ? '; ' : ', ')
}

/** Parses the head of a response to a request of that method; null when it is not HTTP. */
export function readResponse(head: string, method: string): ResponseHead | null {
  const line = statusLine.exec(head)
  if (!line || !hasPlainLines(head, line[0].length)) return null
  const status = Number(line[2])
  const facts = {
    ...{ keepAlive: line[1] === '1', length: -1, isChunked: false, isWrong: false },
    trailer: '',
  }
  let kept = `HTTP/1.1 ${status} ${line[3] ?? ''}\r\n`
  let keptFrom = line[0].length
  for (let at = keptFrom; at < head.length;) {
    const end = head.indexOf('\r\n', at) + 2
    if (responseHeader(facts, head, at, end) === 'drop') {
      kept += head.slice(keptFrom, at)
      keptFrom = end
    }
    at = end
  }
  if (facts.isWrong || (facts.isChunked && facts.length !== -1)) return null
  kept += head.slice(keptFrom)
  // An interim response has no body (RFC 9110 §8.6).
  if (status < 200) kept = kept.replace(/^content-length:.*\r\n/gim, '')
  const hasNone = method === 'HEAD' || status === 204 || status === 304 || status < 200
  if (facts.isChunked && !hasNone) kept += `transfer-encoding: chunked\r\n${facts.trailer}`
  const body = hasNone
    ? 0
    : facts.isChunked
      ? 'chunked'
      : facts.length === -1
        ? 'close'
        : facts.length
  return { status, keepAlive: facts.keepAlive && body !== 'close', body, kept }
}

interface ResponseFacts {
  keepAlive: boolean
  length: number
  isChunked: boolean
  isWrong: boolean
  /** The lines that announce trailers, which only a chunked body has. */
  trailer: string
}

function responseHeader(found: ResponseFacts, head: string, at: number, end: number): Verdict {
  const colon = head.indexOf(':', at)
  const length = colon - at
  if (length < 7 || length > 18) return 'keep'
  const value = (): string => withoutPadding(head.slice(colon + 1, end - 2))
  switch (head.slice(at, colon).toLowerCase()) {
    case 'content-length': {
      const text = value()
      if (!digits.test(text) || (found.length !== -1 && found.length !== Number(text)))
        found.isWrong = true
      // A repeated equal length is forwarded once.
      const isFirst = found.length === -1
      found.length = Number(text)
      return isFirst ? 'keep' : 'drop'
    }
    case 'transfer-encoding':
      if (value().toLowerCase() === 'chunked' && !found.isChunked) found.isChunked = true
      else found.isWrong = true
      return 'drop'
    case 'connection': {
      const text = value().toLowerCase()
      const options = text.split(',').map(withoutPadding)
      if (options.includes('close')) found.keepAlive = false
      else if (options.includes('keep-alive')) found.keepAlive = true
      return 'drop'
    }
    case 'trailer':
      found.trailer += head.slice(at, end)
      return 'drop'
    case 'keep-alive':
    case 'proxy-connection':
    case 'upgrade':
      return 'drop'
    default:
      return 'keep'
  }
}

/** Returns whether one of the first bytes of a response, up to `end`, is a line feed without CR. */
export function hasLineFeedAlone(bytes: Buffer, end: number): boolean {
  for (let at = bytes.indexOf(10); at !== -1 && at < end; at = bytes.indexOf(10, at + 1))
    if (bytes[at - 1] !== 13) return true
  return false
}

/** Returns whether everything from there is header lines that every parser reads alike. */
export function hasPlainLines(head: string, from: number): boolean {
  plainLines.lastIndex = from
  return plainLines.test(head)
}

/** A Host header without its port, in lower case. */
export function hostName(header: string): string {
  const port = header.lastIndexOf(':')
  const isPort = port > header.lastIndexOf(']')
  return (isPort ? header.slice(0, port) : header).toLowerCase().replace(/\.$/, '')
}

/** A flat list of names and values in pairs. */
export function pairsOf(flat: string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i] ?? '', flat[i + 1] ?? ''])
  return pairs
}

/** Header lines, each with its line end, as names and values without padding. */
export const pairsOfLines = (lines: string): [string, string][] =>
  lines
    .split('\r\n')
    .slice(0, -1)
    .map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), withoutPadding(line.slice(colon + 1))]
    })
