import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { z } from 'zod'
import type { StatusRequest } from '#contract/host/status-requests.ts'
import { type StatusPage, statusPage } from '#contract/status-page/status-page.ts'
import { shownPage } from '#platform/status-page/shown-page.ts'
import { isFromHere } from '../from-here.ts'
import type { EdgeRoute, MemoryRequest } from '../edge/route.ts'
import { listenLocally } from '../local-server.ts'
import { filesOf, type PageFile } from './files.ts'
import { createStatusRequests } from './requests.ts'
import { answerSubscriber } from './subscribe.ts'

export interface StatusPageOptions {
  /** Keeps the page for the next host process. */
  folder: string
  /** the address of the page for readers; null for the one under which they ask */
  url: string | null
  /** milliseconds since 1970 */
  now(): number
  /** milliseconds of a clock that never jumps */
  steady(): number
  log(message: string, fields?: Record<string, unknown>): void
}

export interface ServedPage {
  port: number
  stop(): void
  memory: EdgeRoute['memory']
}

/** Serves the status page, whatever else has failed. */
export interface StatusPageServer {
  /**
   * Listens on a free port of 127.0.0.1 for the edge. With `isLocal`, only readers on this machine
   * get answers. `memory` answers for the edge itself, unless the answer depends on who asks.
   */
  start(options: { isLocal: boolean }): Promise<ServedPage>
  /** Replaces and confirms the page. */
  set(page: StatusPage): void
  /** Forgets the requests of readers that are done; returns what waits. */
  take(done: readonly string[]): StatusRequest[]
}

/** Milliseconds after a confirmation from which the page says `unknown`. */
export const confirmedMs = 60_000
const saved = z.object({ page: statusPage, confirmed: z.number() })
/** Addresses that a page is rendered for; readers at others get one without its address. */
const mostAddresses = 20

export function createStatusPage(options: StatusPageOptions): StatusPageServer {
  const { folder, now, steady, log } = options
  const file = join(folder, 'page.json')
  let kept = readSaved(file)
  // The wall clock is only needed for a page of an earlier process; one of the future is not true.
  const age = kept === null ? Infinity : now() - kept.confirmed
  let confirmedAt = age >= 0 ? steady() - age : -Infinity
  let isWritable = true
  let rendered = { page: kept, isStale: false, byAddress: new Map<string, Map<string, PageFile>>() }

  const offered = () => ({
    ...{ email: kept?.page.subscribe ?? false, url: kept?.page.subscribeUrl ?? false },
  })
  const queue = createStatusRequests({ folder, steady, log })
  const files = (asked: string): Map<string, PageFile> => {
    const isStale = steady() - confirmedAt > confirmedMs
    if (rendered.page !== kept || rendered.isStale !== isStale)
      rendered = { page: kept, isStale, byAddress: new Map() }
    const isFew = rendered.byAddress.size < mostAddresses || rendered.byAddress.has(asked)
    const url = options.url ?? (isFew ? asked : '')
    const known = rendered.byAddress.get(url)
    if (known) return known
    const confirmed = kept && new Date(kept.confirmed).toISOString()
    const fresh = filesOf(shownPage(kept?.page ?? null, confirmed, isStale), url)
    rendered.byAddress.set(url, fresh)
    return fresh
  }
  const save = (): void => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      writeFileSync(`${file}.draft`, JSON.stringify(kept), { mode: 0o600 })
      renameSync(`${file}.draft`, file)
      isWritable = true
    } catch (error) {
      // A full disk: the page is served from memory; only the next process would not have it.
      if (isWritable) log('the status page cannot be saved', { reason: (error as Error).message })
      isWritable = false
    }
  }
  return {
    start: async ({ isLocal }) => {
      const server = createServer((request, response) => {
        try {
          if (isLocal && !isFromHere(request)) notFound(response)
          else if (!answerSubscriber(request, response, queue, offered(), kept?.page.theme))
            respond(request, response, files)
        } catch (error) {
          log('the status page cannot be rendered', { reason: (error as Error).message })
          response.destroy()
        }
      })
      const memory = (asked: MemoryRequest): Buffer | null => {
        const address = addressAt(asked.authority, asked.isHttps() ? 'https' : 'http')
        const found = fileAt(files(address), asked.path())
        const etags = found === null ? '' : asked.header('if-none-match')
        return found && (etags !== '' && isKnown(etags, found) ? found.unchanged : found.whole)
      }
      return { ...(await listenLocally(server)), memory: isLocal ? undefined : memory }
    },
    take: (done) => queue.take(done),
    set: (page) => {
      kept = { page, confirmed: now() }
      confirmedAt = steady()
      save()
    },
  }
}

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

export function addressAt(host: string, proto: 'http' | 'https'): string {
  return /^[a-z0-9.-]{1,253}(?::\d{1,5})?$/i.test(host) ? `${proto}://${host}` : ''
}

function readSaved(file: string): z.infer<typeof saved> | null {
  try {
    return saved.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}
