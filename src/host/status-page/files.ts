import { createHash } from 'node:crypto'
import type { StatusTheme } from '#contract/status-page/status-page.ts'
import { badgeSvg } from '#platform/status-page/badge.ts'
import { atomFeed, rssFeed } from '#platform/status-page/feed.ts'
import { embedHtml } from '#platform/status-page/embed-html.ts'
import { incidentPageHtml, pageHtml } from '#platform/status-page/html.ts'
import { idOf, overallState, type ShownPage } from '#platform/status-page/shown-page.ts'
import { styleOf } from '#platform/status-page/style.ts'
import { subscribeHtml } from '#platform/status-page/subscribe-html.ts'
import { statuspageJson } from '#platform/status-page/statuspage.ts'

/** A file as it is answered. */
export interface PageFile {
  body: Buffer
  etag: string
  headers: Record<string, string>
  /** the responses 200 and 304 with their heads, as they are sent */
  whole: Buffer
  unchanged: Buffer
}

function policyOf(theme?: StatusTheme): string {
  const styleHash = createHash('sha256').update(styleOf(theme)).digest('base64')
  return (
    `default-src 'none'; style-src 'sha256-${styleHash}'; ` +
    (theme?.logo === undefined ? '' : "img-src 'self'; ") +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
  )
}

const embedPolicy = 'frame-ancestors *'

/** The headers of pages for people. */
export const htmlHeaders = (theme?: StatusTheme) => ({
  'content-type': 'text/html; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'content-security-policy': policyOf(theme),
  'referrer-policy': 'no-referrer',
})

const headOf = (status: string, headers: Record<string, string>): Buffer => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`, 'latin1')
}

/** All files of a page by their paths; `url` is its address. Caches do not share private ones. */
export function filesOf(
  page: ShownPage,
  { name, url, isPrivate }: { name: string; url: string; isPrivate: boolean },
): Map<string, PageFile> {
  const files = new Map<string, PageFile>()
  const add = (
    path: string,
    type: string,
    content: string | Buffer,
    more: Record<string, string> = {},
  ) => {
    const body = Buffer.from(content)
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    const headers = {
      'content-type': type,
      'cache-control': isPrivate ? 'private, no-cache' : 'no-cache',
      ...(isPrivate ? { 'x-robots-tag': 'noindex' } : {}),
      'x-content-type-options': 'nosniff',
      etag,
      ...more,
    }
    const whole = Buffer.concat([
      headOf('200 OK', { ...headers, 'content-length': String(body.length) }),
      body,
    ])
    const unchanged = headOf('304 Not Modified', headers)
    files.set(path, { body, etag, headers, whole, unchanged })
  }
  const open: Record<string, string> = isPrivate ? {} : { 'access-control-allow-origin': '*' }
  const headers = htmlHeaders(page.theme)
  const html = (path: string, text: string) => add(path, headers['content-type'], text, headers)
  html('/', pageHtml(page))
  // Other sites may frame the embed alone; a private page has none.
  if (!isPrivate) {
    const policy = headers['content-security-policy'].replace(/frame-ancestors .*/, embedPolicy)
    add('/embed', headers['content-type'], embedHtml(page), {
      ...{ ...headers, 'content-security-policy': policy },
    })
  }
  const logo = page.theme?.logo
  if (logo !== undefined) add('/logo.png', 'image/png', Buffer.from(logo, 'base64'))
  if (page.subscribe || page.subscribeUrl) html('/subscribe', subscribeHtml(page))
  for (const one of page.incidents) html(`/incidents/${one.id}`, incidentPageHtml(page, one))
  for (const [path, json] of Object.entries(statuspageJson(page, url)))
    add(path, 'application/json; charset=utf-8', `${JSON.stringify(json)}\n`, open)
  add('/history.atom', 'application/atom+xml; charset=utf-8', atomFeed(page, url, name), open)
  add('/history.rss', 'application/rss+xml; charset=utf-8', rssFeed(page, url), open)
  add('/badge.svg', 'image/svg+xml', badgeSvg('status', overallState(page)), open)
  for (const one of page.components)
    add(`/badge/${idOf(one)}.svg`, 'image/svg+xml', badgeSvg(one.name, one.state), open)
  return files
}
