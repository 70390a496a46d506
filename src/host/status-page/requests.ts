import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type StatusRequest, statusRequests } from '#contract/host/status-requests.ts'
import { createLimit } from './limit.ts'

/** Requests that wait for a server. */
const mostWaiting = 1000
/** Requests in an hour from one address, and from all: those of links have a limit of their own. */
const most = { ofOne: 60, ofAll: 1000 }

/** A request before it is accepted. */
export type NewStatusRequest = StatusRequest extends infer R
  ? R extends StatusRequest
    ? Omit<R, 'id'>
    : never
  : never

/** What readers asked for while they wait for a server, also one that is down. */
export interface StatusRequestQueue {
  /** Keeps a request on disk, unless there are too many of them or the disk is full. */
  add(request: NewStatusRequest, from: string): 'kept' | 'too-many' | 'not-kept'
  /** Forgets what is done, and returns what waits, oldest first. */
  take(done: readonly string[]): StatusRequest[]
}

export interface StatusRequestOptions {
  folder: string
  /** milliseconds of a clock that never jumps */
  steady(): number
  log(message: string, fields?: Record<string, unknown>): void
}

export function createStatusRequests(options: StatusRequestOptions): StatusRequestQueue {
  const { folder, steady, log } = options
  const file = join(folder, 'requests.json')
  let waiting = readSaved(file)
  const limits = { subscribe: createLimit(steady, most), links: createLimit(steady, most) }
  const isAllowed = ({ kind }: NewStatusRequest, from: string): boolean => {
    const isLink = isOfLink(kind)
    const count = waiting.filter((one) => isOfLink(one.kind) === isLink).length
    const limit = limits[isLink ? 'links' : 'subscribe']
    if (count >= mostWaiting || !limit.isLeft(from)) return false
    limit.count(from)
    return true
  }
  const save = (): boolean => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      writeFileSync(`${file}.draft`, JSON.stringify({ requests: waiting }), { mode: 0o600 })
      renameSync(`${file}.draft`, file)
      return true
    } catch (error) {
      log('requests to the status page cannot be saved', { reason: (error as Error).message })
      return false
    }
  }
  return {
    add: (request, from) => {
      if (!isAllowed(request, from)) return 'too-many'
      const before = waiting
      waiting = [...waiting, { ...request, id: randomUUID() }]
      if (save()) return 'kept'
      waiting = before
      return 'not-kept'
    },
    take: (done) => {
      if (done.length > 0) {
        waiting = waiting.filter(({ id }) => !done.includes(id))
        save()
      }
      return waiting
    },
  }
}

const isOfLink = (kind: StatusRequest['kind']): boolean =>
  kind === 'confirm' || kind === 'unsubscribe'

function readSaved(file: string): StatusRequest[] {
  try {
    return statusRequests.parse(JSON.parse(readFileSync(file, 'utf8'))).requests
  } catch {
    return []
  }
}
