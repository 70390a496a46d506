import type { ServerResponse } from 'node:http'

const reasons: Record<number, string> = {
  200: 'OK',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Content Too Large',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

export const brokenOff = 'The service broke off without an answer.\n'

export const lineFeedAlone =
  'The service ends header lines with a line feed alone; HTTP/1.1 requires CR LF.\n'

export const malformed = 'The request is not valid.\n'

export const tooMany = 'The edge has too many connections; try again later.\n'

export const expectation = 'No other expectation than 100-continue can be met.\n'

/** Names no other host: strangers read this page. */
const unknownHost = (host: string): string => `No service answers at ${host || 'this address'}.\n`

/** A page with headers of its own. */
export interface Page {
  text: string
  headers: [string, string][]
}

/** A response of the edge to a request that no service gets. */
export interface EdgeAnswer {
  status: number
  page: Page
}

const plain = (text: string): Page => ({
  text,
  headers: [['content-type', 'text/plain; charset=utf-8']],
})

export const unknownHostAnswer = (host: string): EdgeAnswer => ({
  status: 404,
  page: plain(unknownHost(host)),
})

export const tooLarge = 'The body of the request is too large.\n'

export const notAllowed = 'The answer of the service cannot be sent with HTTP/2.\n'

export const tooSlow = 'The service did not answer in time.\n'

const refusals: Record<number, string> = {
  403: 'This address may not be used from here.\n',
  413: tooLarge,
  429: 'Too many sign-ins at once; try again in a second.\n',
}

/** The answer to a request that the rules of the environment do not allow. */
export const refusal = (status: number): EdgeAnswer => ({
  status,
  page: plain(refusals[status] ?? malformed),
})

/** Asks for a name and a password (RFC 7617). */
export const signInAnswer: EdgeAnswer = {
  status: 401,
  page: {
    text: 'A name and a password are required.\n',
    headers: [
      ['content-type', 'text/plain; charset=utf-8'],
      ['www-authenticate', 'Basic realm="Sign in", charset="UTF-8"'],
    ],
  },
}

/** Sends a client to another address; with 308, it repeats the method and the body there. */
export const redirectAnswer = (location: string, status = 308): EdgeAnswer => ({
  status,
  page: {
    text: `This address is ${location}\n`,
    headers: [
      ['content-type', 'text/plain; charset=utf-8'],
      ['location', location],
    ],
  },
})

/** What proves to an authority that a domain leads here (RFC 8555 §8.3). */
export const proofAnswer = (text: string): EdgeAnswer => ({
  status: 200,
  page: { text, headers: [['content-type', 'application/octet-stream']] },
})

/** Readers of a maintenance page without an end are asked to come back after these seconds. */
const maintenanceSeconds = 120

/** `leftMs` is the time until the page ends by itself; null without an end. */
export const maintenanceAnswer = (leftMs: number | null): EdgeAnswer => ({
  status: 503,
  page: {
    text: maintenanceText,
    headers: [
      ['content-type', 'text/html; charset=utf-8'],
      ['retry-after', String(leftMs === null ? maintenanceSeconds : Math.ceil(leftMs / 1000))],
      ['cache-control', 'no-store'],
    ],
  },
})

/** Strangers read it: it names neither the app nor the reason. */
const maintenanceText = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Maintenance</title>
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif }
body { max-width: 34rem; margin: 20vh auto; padding: 0 1rem }
</style>
<h1>Maintenance</h1>
<p>This service is not available at the moment. Please try again later.</p>
</html>
`

/**
 * A short response of the edge itself. The header `x-fairlead: edge` distinguishes it from those of
 * services.
 */
const headersOf = ({ text, headers }: Page, isLast: boolean): [string, string][] => [
  ...headers,
  ['content-length', String(Buffer.byteLength(text))],
  ['x-fairlead', 'edge'],
  ...(isLast ? [['connection', 'close'] satisfies [string, string]] : []),
]

/** The same in parts, for HTTP/2. */
export function pageParts(content: string | Page): Page {
  const shown = typeof content === 'string' ? plain(content) : content
  return { text: shown.text, headers: headersOf(shown, false) }
}

export function page(
  status: number,
  content: string | Page,
  isHead: boolean,
  isLast: boolean,
): string {
  const shown = typeof content === 'string' ? plain(content) : content
  const lines = headersOf(shown, isLast).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${status} ${reasons[status] ?? ''}\r\n${lines.join('')}\r\n`
  return isHead ? head : head + shown.text
}

/** The same through Node's server. `isLast`: the connection ends after it. */
export function endPage(
  response: ServerResponse,
  status: number,
  content: string | Page,
  isLast: boolean,
): void {
  if (response.headersSent) return void response.destroy()
  for (const name of ['date', 'connection']) response.removeHeader(name)
  const isEnd = isLast || !response.shouldKeepAlive
  const shown = typeof content === 'string' ? plain(content) : content
  response.writeHead(status, reasons[status] ?? '', headersOf(shown, isEnd).flat())
  response.end(shown.text)
}
