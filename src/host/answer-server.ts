import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { answerOf, answerPage, spoken } from '#platform/channel/answer.ts'
import type { Pager } from './pager.ts'
import { listenLocally } from './local-server.ts'

/** A form has a few short fields. */
const formLimit = 16_384
/** What another host knows of an outage. */
const questionLimit = 1_000_000

type Answering = Pick<Pager, 'follow' | 'hear'>

/**
 * Serves the links in messages of this host on a free port of 127.0.0.1 for the edge: GET shows a
 * page and changes nothing, and POST acts. Other hosts ask at `/outage`.
 */
export async function serveAnswers(pager: Answering): Promise<{ port: number; stop(): void }> {
  const server = createServer((request, response) => {
    respond(pager, request, response).catch(() => response.destroy())
  })
  return listenLocally(server)
}

async function respond(
  pager: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '' } = request
  const url = URL.parse(request.url ?? '', 'http://host')
  const end = (status: number, type: string, text: string): void => {
    const headers = { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }
    response.writeHead(status, headers).end(method === 'HEAD' ? undefined : text)
  }
  if (url?.pathname === '/outage' && method === 'POST') return hear(pager, request, response)
  if (url?.pathname !== '/answer' || !['GET', 'HEAD', 'POST'].includes(method)) {
    request.resume()
    return end(404, 'text/plain', 'There is no such page here.\n')
  }
  const form = method === 'POST' ? await readForm(request) : {}
  if (form === null) return end(413, 'text/plain', 'The form is too long.\n')
  const key = url.searchParams.get('key') ?? ''
  const { status, sentence, isOpen, link } = pager.follow(key, answerOf(form))
  if (form['Digits'] !== undefined) return end(200, 'text/xml', spoken(sentence))
  const page = { title: 'Fairlead does not answer', text: sentence, link }
  end(status, 'text/html', answerPage(page, isOpen ? key : null))
}

async function hear(
  pager: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = await readBody(request, questionLimit)
  const answer = text === null ? null : pager.hear({ text, headers: request.headers })
  if (answer === null) return void response.writeHead(403).end()
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  response.writeHead(200, { ...headers, ...answer.headers }).end(answer.text)
}

/** The fields of a form; null when it is too long. */
async function readForm(request: IncomingMessage): Promise<Record<string, unknown> | null> {
  const text = await readBody(request, formLimit)
  return text === null ? null : Object.fromEntries(new URLSearchParams(text))
}

async function readBody(request: IncomingMessage, limit: number): Promise<string | null> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > limit) return null
  }
  return text
}
