import type { ServerResponse } from 'node:http'

const reasons: Record<number, string> = {
  400: 'Bad Request',
  404: 'Not Found',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
}

export const brokenOff = 'The service broke off without an answer.\n'

export const lineFeedAlone =
  'The service ends header lines with a line feed alone; HTTP/1.1 requires CR LF.\n'

export const malformed = 'The request is not valid.\n'

export const tooMany = 'The edge has too many connections; try again later.\n'

export const expectation = 'No other expectation than 100-continue can be met.\n'

/** Names no other host: strangers read this page. */
export const unknownHost = (host: string): string =>
  `No service answers at ${host || 'this address'}.\n`

/**
 * A short response of the edge itself. The header `x-fairlead: edge` distinguishes it from those of
 * services.
 */
const headersOf = (text: string, isLast: boolean): [string, string][] => [
  ['content-type', 'text/plain; charset=utf-8'],
  ['content-length', String(Buffer.byteLength(text))],
  ['x-fairlead', 'edge'],
  ...(isLast ? [['connection', 'close'] satisfies [string, string]] : []),
]

export function page(status: number, text: string, isHead: boolean, isLast: boolean): string {
  const lines = headersOf(text, isLast).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${status} ${reasons[status] ?? ''}\r\n${lines.join('')}\r\n`
  return isHead ? head : head + text
}

/** The same through Node's server. `isLast`: the connection ends after it. */
export function endPage(
  response: ServerResponse,
  status: number,
  text: string,
  isLast: boolean,
): void {
  if (response.headersSent) return void response.destroy()
  for (const name of ['date', 'connection']) response.removeHeader(name)
  const isEnd = isLast || !response.shouldKeepAlive
  response.writeHead(status, reasons[status] ?? '', headersOf(text, isEnd).flat())
  response.end(text)
}
