import type { IncomingMessage, ServerResponse } from 'node:http'
import { statusRequest } from '#contract/host/status-requests.ts'
import type { StatusPage } from '#contract/status-page/status-page.ts'
import type { Look } from '#platform/status-page/html.ts'
import { askHtml, choiceOf, saidHtml } from '#platform/status-page/subscribe-html.ts'
import { bodyOf } from './body.ts'
import { htmlHeaders } from './files.ts'
import { readerOf } from './limit.ts'
import type { NewStatusRequest, StatusRequestQueue } from './requests.ts'

/** A link of an e-mail. */
const link = /^\/(confirm|unsubscribe)\/([\w-]{43})$/

/** Whether a path is that of a link in a message, which needs no sign-in. */
export const isOfLink = (path: string): boolean => link.test(path)

interface Said {
  status: number
  title: string
  text: string
}
const said = (status: number, title: string, text: string): Said => ({ status, title, text })
const tooMany = said(429, 'Too many requests', 'Try again in an hour.')
const notKept = said(503, 'Your request could not be stored', 'Try again in a few minutes.')
const received = {
  subscribe: said(
    ...([202, 'Look into your mail'] as const),
    'If the address is right, it gets an e-mail with a link that confirms the subscription.',
  ),
  'subscribe-url': said(
    ...([202, 'The address is asked'] as const),
    'A channel of a chat gets a message with a link that confirms the subscription. A webhook ' +
      'gets a challenge, and has to answer with it.',
  ),
  confirm: said(
    ...([202, 'Thank you'] as const),
    'If the link is not older than a day, the subscription begins within a minute.',
  ),
  unsubscribe: said(202, 'Your subscription ends', 'You get no more messages.'),
}

/** Answers what changes subscriptions; false for other requests. */
export function answerSubscriber(
  request: IncomingMessage,
  response: ServerResponse,
  queue: StatusRequestQueue,
  { name, page, look }: { name: string; page: StatusPage | null; look: Look },
): boolean {
  const isOffered = { email: page?.subscribe ?? false, url: page?.subscribeUrl ?? false }
  const path = (request.url ?? '').split('?')[0] ?? ''
  const [, kind, token = ''] = link.exec(path) ?? []
  const isLink = kind === 'confirm' || kind === 'unsubscribe'
  if (request.method === 'GET' && isLink) {
    request.resume()
    send(response, 200, askHtml(kind, token, look), look)
    return true
  }
  if (request.method !== 'POST' || (!isLink && path !== '/subscribe')) return false
  if (!isLink && !isOffered.email && !isOffered.url) return false
  void bodyOf(request).then((body) => {
    const asked: NewStatusRequest | null = isLink
      ? { kind, token }
      : body === null
        ? null
        : subscriptionOf(body, isOffered, { name, page })
    const { status, title, text } = accept(asked, queue, request)
    send(response, status, saidHtml(title, text, look), look)
  })
  return true
}

function accept(
  asked: NewStatusRequest | null,
  queue: StatusRequestQueue,
  request: IncomingMessage,
): Said {
  if (asked === null) return said(400, 'The address is not valid', 'Go back and enter another one.')
  const result = queue.add(asked, readerOf(request))
  if (result === 'kept') return received[asked.kind]
  return result === 'too-many' ? tooMany : notKept
}

function subscriptionOf(
  body: string,
  isOffered: { email: boolean; url: boolean },
  { name, page }: { name: string; page: StatusPage | null },
): NewStatusRequest | null {
  const form = new URLSearchParams(body)
  const url = form.get('url')?.trim()
  if (url !== undefined ? !isOffered.url : !isOffered.email) return null
  const asked =
    url === undefined
      ? { kind: 'subscribe', email: form.get('email')?.trim().toLowerCase() }
      : { kind: 'subscribe-url', url, channel: form.get('channel') }
  return (
    statusRequest.safeParse({ id: '', ...asked, ...chosenIn(form, page), page: name }).data ?? null
  )
}

/** What a form chooses; all and none of the components of a page are also the later ones. */
function chosenIn(form: URLSearchParams, page: StatusPage | null) {
  const chosen = { app: form.getAll('app'), component: form.getAll('component') }
  const isAll = (page?.components ?? []).every((one) => {
    const { field, value } = choiceOf(one)
    return chosen[field].includes(value)
  })
  const isNone = chosen.app.length + chosen.component.length === 0
  if (isNone || (isAll && page !== null)) return { apps: null, components: null }
  const orNull = (list: string[]) => (list.length === 0 ? null : list)
  return { apps: orNull(chosen.app), components: orNull(chosen.component) }
}

function send(response: ServerResponse, status: number, html: string, { theme }: Look): void {
  const headers = { ...htmlHeaders(theme), 'cache-control': 'no-store', 'x-robots-tag': 'noindex' }
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(html) }).end(html)
}
