import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { StatusPage } from '#contract/status-page/status-page.ts'
import { shownPage } from '#platform/status-page/shown-page.ts'
import type { EdgeRoute, MemoryRequest } from '../edge/route.ts'
import { isFromHere } from '../from-here.ts'
import { listenLocally } from '../local-server.ts'
import { filesOf, type PageFile } from './files.ts'
import type { KeptPages } from './kept.ts'
import type { StatusRequestQueue } from './requests.ts'
import { createSignIn } from './sign-in.ts'
import { answerSubscriber } from './subscribe.ts'

export interface ServedPage {
  port: number
  stop(): void
  memory: EdgeRoute['memory']
}

export interface PageServerOptions {
  name: string
  kept: Pick<KeptPages, 'confirmed' | 'isStale'>
  /** what it shows at the moment; null for nothing yet */
  page(): StatusPage | null
  /** its address for readers; null for the one under which they ask */
  url(): string | null
  /** whether only readers on this machine get answers */
  isLocal: boolean
  queue: StatusRequestQueue
  /** SHA-256 of its password; null when everybody may read it */
  password(): string | null
  /** milliseconds since 1970 */
  now(): number
  /** milliseconds of a clock that never jumps */
  steady(): number
  log(message: string, fields?: Record<string, unknown>): void
}

/** Addresses that a page is rendered for; readers at others get one without its address. */
const mostAddresses = 20

/**
 * Serves one page on a free port of 127.0.0.1, for the edge. `memory` answers for the edge itself,
 * unless the answer depends on who asks.
 */
export async function servePage(options: PageServerOptions): Promise<ServedPage> {
  const { isLocal, queue, log } = options
  const files = createFiles(options)
  const signIn = createSignIn(options)
  const server = createServer((request, response) => {
    try {
      if (isLocal && !isFromHere(request)) notFound(response)
      else if (signIn(request, response)) return
      else if (!answerSubscriber(request, response, queue, asSubscribed(options)))
        respond(request, response, files)
    } catch (error) {
      log('the status page cannot be rendered', { reason: (error as Error).message })
      response.destroy()
    }
  })
  const memory = (asked: MemoryRequest): Buffer | null => {
    if (options.password() !== null) return null
    const address = addressAt(asked.authority, asked.isHttps() ? 'https' : 'http')
    const found = fileAt(files(address), asked.path())
    const etags = found === null ? '' : asked.header('if-none-match')
    return found && (etags !== '' && isKnown(etags, found) ? found.unchanged : found.whole)
  }
  return { ...(await listenLocally(server)), memory: isLocal ? undefined : memory }
}

/** The files of a page as they are at the moment, rendered once for each address. */
function createFiles({ name, kept, page, url, password }: PageServerOptions) {
  let rendered = {
    ...{ page: page(), isStale: false, confirmed: '' as string | null, isPrivate: false },
    byAddress: new Map<string, Map<string, PageFile>>(),
  }
  return (asked: string): Map<string, PageFile> => {
    const [now, isStale, confirmed] = [page(), kept.isStale(), kept.confirmed()]
    const isPrivate = password() !== null
    const isSame = rendered.page === now && rendered.isPrivate === isPrivate
    if (!isSame || rendered.isStale !== isStale || rendered.confirmed !== confirmed)
      rendered = { page: now, isStale, confirmed, isPrivate, byAddress: new Map() }
    const { byAddress } = rendered
    const isFew = byAddress.size < mostAddresses || byAddress.has(asked)
    const address = url() ?? (isFew ? asked : '')
    const known = byAddress.get(address)
    if (known) return known
    const fresh = filesOf(shownPage(now, confirmed, isStale), { name, url: address, isPrivate })
    byAddress.set(address, fresh)
    return fresh
  }
}

/** The messages about a private page have no logo: it would tell of the page. */
const asSubscribed = ({ name, page, password }: PageServerOptions) => ({
  ...{ name, page: page(), look: password() === null ? (page() ?? {}) : {} },
})

function respond(
  request: IncomingMessage,
  response: ServerResponse,
  files: (url: string) => Map<string, PageFile>,
): void {
  request.resume()
  const { method = '', headers } = request
  if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD', 'content-type': 'text/plain' })
    return void response.end('Only GET and HEAD are answered here.\n')
  }
  const found = fileAt(files(addressOf(headers)), request.url ?? '/')
  if (!found) return notFound(response)
  if (isKnown(headers['if-none-match'] ?? '', found))
    return void response.writeHead(304, found.headers).end()
  response.writeHead(200, { ...found.headers, 'content-length': found.body.length })
  response.end(method === 'HEAD' ? undefined : found.body)
}

function fileAt(files: Map<string, PageFile>, url: string): PageFile | null {
  const [path = '/'] = url.split('?')
  return files.get(path === '/index.html' ? '/' : path) ?? null
}

/** Whether a reader has the file already, by the value of `If-None-Match`. */
const isKnown = (etags: string, { etag }: PageFile): boolean =>
  etags.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)

function notFound(response: ServerResponse): void {
  response.writeHead(404, { 'content-type': 'text/plain' })
  response.end('There is no such page here.\n')
}

/** The address under which the reader asked; a name that is none is not repeated. */
const addressOf = (headers: IncomingMessage['headers']): string =>
  addressAt(headers.host ?? '', headers['x-forwarded-proto'] === 'https' ? 'https' : 'http')

function addressAt(host: string, proto: 'http' | 'https'): string {
  return /^[a-z0-9.-]{1,253}(?::\d{1,5})?$/i.test(host) ? `${proto}://${host}` : ''
}
