import { createReadStream } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, resolve, sep } from 'node:path'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
  '.xml': 'application/xml',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.pdf': 'application/pdf',
  '.webmanifest': 'application/manifest+json',
  '.map': 'application/json',
}

/** Serves a folder on $PORT until SIGTERM; resolves with the exit code. */
export async function main(args: string[]): Promise<number> {
  const root = await realpath(resolve(args[0] ?? '.'))
  const server = createServer((request, response) => {
    serve(root, request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' })
      response.end('The file cannot be read.\n')
    })
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

interface Found {
  path: string
  size: number
  modified: Date
}

async function serve(
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return answer(response, 405, 'Only GET and HEAD are answered here.\n')
  const path = pathOf(request.url ?? '/')
  const found = path === null ? null : await find(root, path)
  if (!found) return notFound(root, response)
  if ('redirect' in found) {
    response.writeHead(301, { location: found.redirect })
    response.end()
    return
  }
  const etag = `"${found.size.toString(36)}-${found.modified.getTime().toString(36)}"`
  const headers = {
    etag,
    'last-modified': found.modified.toUTCString(),
    'cache-control': 'no-cache',
    'accept-ranges': 'bytes',
    'content-type': types[extname(found.path).toLowerCase()] ?? 'application/octet-stream',
    'x-content-type-options': 'nosniff',
  }
  if (isKnown(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers)
    response.end()
    return
  }
  const ifRange = request.headers['if-range']
  const range =
    ifRange === undefined || ifRange === etag ? rangeOf(request.headers.range, found.size) : null
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${found.size}` })
    response.end()
    return
  }
  const [start, end] = range ?? [0, found.size - 1]
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-length': Math.max(0, end - start + 1),
    ...(range ? { 'content-range': `bytes ${start}-${end}/${found.size}` } : {}),
  })
  if (request.method === 'HEAD' || found.size === 0) response.end()
  else
    createReadStream(found.path, { start, end })
      .on('error', () => response.destroy())
      .pipe(response)
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
    const parts = path.split('/')
    return path.includes('\0') ||
      parts.some((part) => part.startsWith('.') && part !== '.well-known')
      ? null
      : path
  } catch {
    return null
  }
}

async function find(root: string, path: string): Promise<Found | { redirect: string } | null> {
  const file = await stat(root, join(root, path))
  if (file === 'folder') {
    if (!path.endsWith('/')) return { redirect: encodeURI(`${path.replace(/^\/+/, '/')}/`) }
    const index = await stat(root, join(root, path, 'index.html'))
    return index === 'folder' ? null : index
  }
  return (
    file ??
    (await stat(root, join(root, `${path}.html`)).then((page) => (page === 'folder' ? null : page)))
  )
}

/** Follows links only inside the folder. */
async function stat(root: string, path: string): Promise<Found | 'folder' | null> {
  try {
    const real = await realpath(path)
    if (real !== root && !real.startsWith(root + sep)) return null
    await using file = await open(real)
    const stats = await file.stat()
    if (stats.isDirectory()) return 'folder'
    return stats.isFile() ? { path: real, size: stats.size, modified: stats.mtime } : null
  } catch {
    return null
  }
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

async function notFound(root: string, response: ServerResponse): Promise<void> {
  const page = await stat(root, join(root, '404.html'))
  if (!page || page === 'folder') return answer(response, 404, 'There is no such page here.\n')
  response.writeHead(404, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': page.size,
  })
  createReadStream(page.path).pipe(response)
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(text)
}
