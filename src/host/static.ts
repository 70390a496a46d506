import { closeSync, createReadStream } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import mime from 'mime'
import { isHidden, openSite, type Site, type SiteFile } from './site.ts'

/**
 * Serves a folder of an artifact on $PORT until SIGTERM; resolves with the exit code. The arguments
 * are the artifact's folder and the path below it.
 */
export async function main([artifact = '.', folder = '.']: string[]): Promise<number> {
  const site = openSite(artifact, folder)
  const server = createServer((request, response) => {
    try {
      serve(site, request, response)
    } catch {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' })
      response.end('The file cannot be read.\n')
    }
  })
  return new Promise((done) => {
    server.once('error', (error) => {
      process.stderr.write(`fairlead static: ${error.message}\n`)
      done(1)
    })
    server.listen(Number(process.env['PORT'] ?? 8080), process.env['HOST'] ?? '127.0.0.1')
    process.once('SIGTERM', () => server.close(() => done(0)))
  })
}

function serve(site: Site, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return answer(response, 405, 'Only GET and HEAD are answered here.\n')
  const found = find(site, request.url ?? '/')
  if (!found) return notFound(site, request, response)
  if ('fd' in found) return send(found, request, response)
  response.writeHead(301, { location: found.redirect })
  response.end()
}

function send(file: SiteFile, request: IncomingMessage, response: ServerResponse): void {
  const etag = `"${file.size.toString(36)}-${file.modified.getTime().toString(36)}"`
  const headers = {
    etag,
    'last-modified': file.modified.toUTCString(),
    'cache-control': 'no-cache',
    'accept-ranges': 'bytes',
    'content-type': typeOf(file.path),
    'x-content-type-options': 'nosniff',
  }
  const end = (status: number, more: Record<string, string>): void => {
    closeSync(file.fd)
    response.writeHead(status, more)
    response.end()
  }
  if (isKnown(request.headers['if-none-match'], etag)) return end(304, headers)
  const ifRange = request.headers['if-range']
  const range =
    ifRange === undefined || ifRange === etag ? rangeOf(request.headers.range, file.size) : null
  if (range === 'unsatisfiable') return end(416, { 'content-range': `bytes */${file.size}` })
  const [from, to] = range ?? [0, file.size - 1]
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-length': Math.max(0, to - from + 1),
    ...(range ? { 'content-range': `bytes ${from}-${to}/${file.size}` } : {}),
  })
  stream(file, [from, to], request, response)
}

/** Sends the bytes of an open file, also when its path is replaced meanwhile. */
function stream(
  { fd, size }: SiteFile,
  [start, end]: [number, number],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method === 'HEAD' || size === 0) {
    closeSync(fd)
    response.end()
    return
  }
  const bytes = createReadStream('', { fd, start, end }).on('error', () => response.destroy())
  response.on('close', () => bytes.destroy())
  bytes.pipe(response)
}

/** The type by the extension; text is UTF-8. */
function typeOf(path: string): string {
  const type = mime.getType(path) ?? 'application/octet-stream'
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}

/** Returns whether the browser already has this version. */
function isKnown(header: string | undefined, etag: string): boolean {
  return (
    header === '*' ||
    (header?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag) ?? false)
  )
}

/** The decoded path without its query; null when it names a hidden file or leaves the folder. */
function pathOf(url: string): string | null {
  try {
    const path = decodeURIComponent(url.split(/[?#]/)[0] ?? '/')
    return path.includes('\0') || isHidden(path) ? null : path
  } catch {
    return null
  }
}

/** The order of static exports: the file, the page of that name, the folder with its index. */
function find(site: Site, url: string): SiteFile | { redirect: string } | null {
  const path = pathOf(url)
  if (path === null) return null
  if (path.endsWith('/')) return site(`${path}index.html`)
  const page = site(path) ?? site(`${path}.html`)
  if (page) return page
  const index = site(`${path}/index.html`)
  if (!index) return null
  closeSync(index.fd)
  const query = /\?[^#]*/.exec(url)?.[0] ?? ''
  return { redirect: encodeURI(`${path.replace(/^\/+/, '/')}/`) + query }
}

/** A single byte range. A request for several gets the whole file, as RFC 9110 allows. */
function rangeOf(
  header: string | undefined,
  size: number,
): [number, number] | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return null
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]))
  return start > end || start >= size ? 'unsatisfiable' : [start, end]
}

function notFound(site: Site, request: IncomingMessage, response: ServerResponse): void {
  const page = site('404.html')
  if (!page) return answer(response, 404, 'There is no such page here.\n')
  response.writeHead(404, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': page.size,
  })
  stream(page, [0, page.size - 1], request, response)
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(text)
}
