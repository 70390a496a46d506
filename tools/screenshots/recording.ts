import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Page, Request, Response } from 'playwright-core'
import type { Box } from './compare.ts'

/** What the server answered to a page, so that the page can be shown again without a server. */
export interface Recording {
  /** of the page */
  path: string
  /** the time at which it was opened, in milliseconds since the epoch */
  at: number
  /** by method, path and query */
  answers: Record<string, { status: number; body: string }>
  /** the first events of streams, by path and query */
  streams: Record<string, string>
}

/** A page that is compared: its recording, and its layout in each view. */
export interface Expected {
  recording: Recording
  layouts: Record<string, Box[]>
}

const folder = fileURLToPath(new URL('pages', import.meta.url))
const ending = '.json.gz'

export const storedNames = (): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(ending))
        .map((name) => basename(name, ending))
        .toSorted()
    : []

export const readExpected = (name: string): Expected =>
  JSON.parse(gunzipSync(readFileSync(join(folder, `${name}${ending}`))).toString()) as Expected

export function writeExpected(name: string, expected: Expected): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}${ending}`), gzipSync(JSON.stringify(expected), { level: 9 }))
}

/** Milliseconds without an open request after which a page has asked for everything. */
const quietMs = 1000
/** Milliseconds after which a page is recorded as it is. */
const patienceMs = 60_000

/** Streams of logs end or pause soon; what comes later is not part of a recording. */
const streamMs = 700

/**
 * Opens a page with a clock that stands still, and records what the server answers until `isReady`
 * resolves.
 */
export async function record(
  page: Page,
  { base, path, token }: { base: string; path: string; token: string },
  isReady: () => Promise<void>,
): Promise<Recording> {
  const recording: Recording = { path, at: Date.now(), answers: {}, streams: {} }
  const open = new Set<Request>()
  const isApi = (request: Request): boolean => new URL(request.url()).pathname.startsWith('/api/')
  const keep = async (response: Response): Promise<void> => {
    const url = new URL(response.url())
    const key = `${url.pathname}${url.search}`
    const type = (await response.headerValue('content-type')) ?? ''
    if (type.startsWith('text/event-stream'))
      recording.streams[key] = await beginningOf(response.url(), token)
    else {
      const body = await response.text().catch(() => null)
      if (body !== null) recording.answers[key] = { status: response.status(), body }
    }
  }
  const onRequest = (request: Request): void => void (isApi(request) && open.add(request))
  const onResponse = (response: Response): void => {
    const request = response.request()
    if (isApi(request)) void keep(response).finally(() => open.delete(request))
  }
  const onFailure = (request: Request): void => void open.delete(request)
  page.on('request', onRequest)
  page.on('response', onResponse)
  page.on('requestfailed', onFailure)
  try {
    await page.clock.setFixedTime(recording.at)
    await visit(page, `${base}${path}`)
    await isReady()
    const end = Date.now() + patienceMs
    for (let last = Date.now(); Date.now() - last < quietMs && Date.now() < end;) {
      if (open.size > 0) last = Date.now()
      await page.waitForTimeout(50)
    }
  } finally {
    page.off('request', onRequest)
    page.off('response', onResponse)
    page.off('requestfailed', onFailure)
  }
  return recording
}

/** Opens a page; again if the one before was about to navigate. */
export async function visit(page: Page, url: string): Promise<void> {
  await page.goto('about:blank')
  await page.goto(url).catch(() => page.goto(url))
}

async function beginningOf(url: string, token: string): Promise<string> {
  if (url.includes('/events/stream')) return ''
  let text = ''
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
      signal: AbortSignal.timeout(streamMs),
    })
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString()
  } catch {
    // The time is over.
  }
  return text.slice(0, text.lastIndexOf('\n\n') + 2)
}
