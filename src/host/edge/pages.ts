import type { ServerResponse } from 'node:http'

const reasons: Record<number, string> = {
  400: 'Bad Request',
  404: 'Not Found',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
}

export const brokenOff = 'The service broke off without an answer.\n'

export const lineFeedAlone =
  'The service ends header lines with a line feed alone; HTTP/1.1 requires CR LF.\n'

export const malformed = 'The request is not valid.\n'

/** Names no other host: strangers read this page. */
export const unknownHost = (host: string): string =>
  `No environment answers at ${host || 'this address'}.\n`

/**
 * A short response of the edge itself. The header `x-fairlead: edge` distinguishes it from those of
 * services.
 */
export function page(status: number, text: string, isHead: boolean, isLast: boolean): string {
  const head = [
    `HTTP/1.1 ${status} ${reasons[status] ?? ''}`,
    'content-type: text/plain; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    'x-fairlead: edge',
    ...(isLast ? ['connection: close'] : []),
  ]
  return `${head.join('\r\n')}\r\n\r\n${isHead ? '' : text}`
}

/** The same through Node's server. */
export function endPage(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return void response.destroy()
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'x-fairlead': 'edge',
  })
  response.end(text)
}
