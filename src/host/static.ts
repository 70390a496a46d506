import { closeSync, createReadStream, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { defaultHeaders, isHidden } from '#platform/site/files.ts'
import { type HeaderRule, headersFor, parseHeaders } from '#platform/site/headers.ts'
import { parseRedirects, type RedirectRule, redirectFor } from '#platform/site/redirects.ts'
import { openSite, type Site, type SiteFile } from './site.ts'

/**
 * Serves a folder of an artifact on $PORT until SIGTERM; resolves with the exit code. The arguments
 * are the artifact's folder and the path below it.
 */
export async function main([artifact = '.', folder = '.']: string[]): Promise<number> {
  const site = openSite(artifact, folder)
  const rules = readRules(site)
  const server = createServer((request, response) => {
    try {
      serve(site, rules, request, response)
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

function serve(
  site: Site,
  rules: SiteRules,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return answer(response, 405, 'Only GET and HEAD are answered here.\n')
  const asked = pathOf(request.url ?? '/')
  if (asked === null) return notFound(site, rules, request, response)
  const query = /\?[^#]*/.exec(request.url ?? '')?.[0] ?? ''
  const found = find(site, asked, query)
  const rule = redirectFor(rules.redirects, { path: asked, query, hasFile: found !== null })
  if (rule === null && found === null) return notFound(site, rules, request, response)
  if (rule !== null && found !== null && 'fd' in found) closeSync(found.fd)
  if (rule !== null && 'path' in rule) return rewrite(site, rules, rule, request, response)
  if (rule === null && found !== null && 'fd' in found)
    return send({ file: found, headers: headersOf(rules, asked, found) }, request, response)
  const { location, status } = (rule ?? found) as Redirect
  response.writeHead(status, { ...headersFor(rules.headers, asked, {}), location })
  response.end()
}

/** Answers with another file than the one of the path. */
function rewrite(
  site: Site,
  rules: SiteRules,
  to: { path: string; status: number },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const path = pathOf(to.path)
  const found = path === null ? null : find(site, path, '')
  if (found === null || !('fd' in found)) return notFound(site, rules, request, response)
  const headers = headersOf(rules, path ?? '/', found)
  if (to.status === 200) return send({ file: found, headers }, request, response)
  response.writeHead(to.status, { ...headers, 'content-length': found.size })
  stream(found, [0, found.size - 1], request, response)
}

function send(
  { file, headers: own }: { file: SiteFile; headers: Record<string, string> },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const etag = `"${file.size.toString(36)}-${file.modified.getTime().toString(36)}"`
  const headers = {
    ...own,
    etag,
    'last-modified': file.modified.toUTCString(),
    'accept-ranges': 'bytes',
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

/** What the site's own `_headers` and `_redirects` say. */
interface SiteRules {
  headers: HeaderRule[]
  redirects: RedirectRule[]
}

/** Throws one sentence with the line when a file has an error. */
function readRules(site: Site): SiteRules {
  const [headers, redirects] = [
    parseHeaders(textOf(site, '_headers')),
    parseRedirects(textOf(site, '_redirects')),
  ]
  if (typeof headers === 'string') throw new Error(headers)
  if (typeof redirects === 'string') throw new Error(redirects)
  return { headers, redirects }
}

function textOf(site: Site, name: string): string {
  const file = site(name)
  if (!file) return ''
  try {
    return readFileSync(file.fd, 'utf8')
  } finally {
    closeSync(file.fd)
  }
}

const headersOf = (rules: SiteRules, path: string, file: SiteFile): Record<string, string> =>
  headersFor(rules.headers, path, {
    ...defaultHeaders(file.path),
    'x-content-type-options': 'nosniff',
  })

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
    const isOwn = /^\/+_(headers|redirects)\/*$/.test(path)
    return path.includes('\0') || isHidden(path) || isOwn ? null : path
  } catch {
    return null
  }
}

/** The order of static exports: the file, the page of that name, the folder with its index. */
function find(site: Site, path: string, query: string): SiteFile | Redirect | null {
  if (path.endsWith('/')) return site(`${path}index.html`)
  const page = site(path) ?? site(`${path}.html`)
  if (page) return page
  const index = site(`${path}/index.html`)
  if (!index) return null
  closeSync(index.fd)
  return { location: encodeURI(`${path.replace(/^\/+/, '/')}/`) + query, status: 301 }
}

interface Redirect {
  location: string
  status: number
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

function notFound(
  site: Site,
  rules: SiteRules,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const page = site('404.html')
  if (!page) return answer(response, 404, 'There is no such page here.\n')
  const headers = headersOf(rules, '/404.html', page)
  response.writeHead(404, { ...headers, 'content-length': page.size })
  stream(page, [0, page.size - 1], request, response)
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(text)
}
