import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { signInHtml } from '#platform/status-page/sign-in-html.ts'
import { bodyOf } from './body.ts'
import { htmlHeaders } from './files.ts'
import { createLimit, readerOf } from './limit.ts'
import { isOfLink } from './subscribe.ts'

const cookieName = 'fairlead_status'
const sessionMs = 7 * 86_400_000
/** Wrong passwords of one address in an hour, and of all. */
const mostWrong = { ofOne: 60, ofAll: 100_000 }

export interface SignInOptions {
  /** the name of the page */
  name: string
  /** SHA-256 of the password as hexadecimal digits; null for a page that everybody can read */
  password(): string | null
  /** milliseconds since 1970 */
  now(): number
  /** milliseconds of a clock that never jumps */
  steady(): number
}

/** Refuses a request to a private page, or signs its reader in; false for one that goes on. */
export type SignIn = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Signs readers in with the password of a page: people by a form and a cookie, programs by HTTP
 * Basic. A cookie is signed with the hash of the password, so a new password ends all sessions.
 */
export function createSignIn({ name, password, now, steady }: SignInOptions): SignIn {
  const mayBeWrong = createLimit(steady, mostWrong)
  const check = (request: IncomingMessage, given: string, hash: string): Found => {
    const from = readerOf(request)
    if (!mayBeWrong.isLeft(from)) return 'too-many'
    if (isPassword(given, hash)) return 'right'
    mayBeWrong.count(from)
    return 'wrong'
  }
  const signIn = async (
    request: IncomingMessage,
    response: ServerResponse,
    hash: string,
  ): Promise<void> => {
    const form = new URLSearchParams((await bodyOf(request)) ?? '')
    const to = pathOf(form.get('to') ?? '')
    const found = check(request, form.get('password') ?? '', hash)
    if (found !== 'right') return sendForm(response, to, found)
    const cookie = cookieOf(name, hash, now() + sessionMs)
    const secure = request.headers['x-forwarded-proto'] === 'https' ? '; Secure' : ''
    const age = `Max-Age=${sessionMs / 1000}`
    response.writeHead(303, {
      location: to,
      ...{ 'cache-control': 'no-store', 'content-length': '0' },
      'set-cookie': `${cookieName}=${cookie}; Path=/; ${age}; HttpOnly; SameSite=Lax${secure}`,
    })
    response.end()
  }
  return (request, response) => {
    const hash = password()
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (hash === null || isOfLink(path)) return false
    if (request.method === 'POST' && path === '/sign-in') {
      void signIn(request, response, hash)
      return true
    }
    if (isSession(cookieIn(request), name, hash, now())) return false
    const given = basicIn(request)
    const found = given === null ? 'missing' : check(request, given, hash)
    if (found === 'right') return false
    request.resume()
    // The answer is the same whether there is such a file or not.
    if (given !== null || isForPrograms(path)) sendChallenge(response, found)
    else sendForm(response, pathOf(path), found)
    return true
  }
}

type Found = 'right' | 'wrong' | 'too-many'

const isPassword = (given: string, hash: string): boolean => {
  const found = createHash('sha256').update(given.trim().toLowerCase()).digest()
  const wanted = Buffer.from(hash, 'hex')
  return found.length === wanted.length && timingSafeEqual(found, wanted)
}

function cookieOf(name: string, hash: string, expires: number): string {
  const hmac = createHmac('sha256', Buffer.from(hash, 'hex')).update(`${name} ${expires}`)
  return `${expires}.${hmac.digest('base64url')}`
}

function isSession(cookie: string, name: string, hash: string, now: number): boolean {
  const expires = Number(cookie.split('.')[0])
  if (!(expires > now)) return false
  const [found, wanted] = [Buffer.from(cookie), Buffer.from(cookieOf(name, hash, expires))]
  return found.length === wanted.length && timingSafeEqual(found, wanted)
}

const cookieIn = ({ headers }: IncomingMessage): string =>
  (headers.cookie ?? '')
    .split(';')
    .map((one) => one.trim())
    .find((one) => one.startsWith(`${cookieName}=`))
    ?.slice(cookieName.length + 1) ?? ''

/** The password of HTTP Basic (RFC 7617), with any name; null without one. */
function basicIn({ headers }: IncomingMessage): string | null {
  const [scheme, value = ''] = (headers.authorization ?? '').split(' ')
  if (scheme?.toLowerCase() !== 'basic') return null
  const text = Buffer.from(value, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

/** A path of the page to go on to; nothing else, such as an address of another site. */
const pathOf = (text: string): string =>
  /^\/(?:incidents\/\d{1,12}|subscribe)$/.test(text) ? text : '/'

const isForPrograms = (path: string): boolean => /\.(?:json|atom|rss|svg|png)$/.test(path)

const words = {
  missing: { status: 403, text: '' },
  wrong: { status: 403, text: 'The password is wrong.' },
  'too-many': { status: 429, text: 'There were too many wrong passwords. Try again in an hour.' },
}

function sendForm(response: ServerResponse, to: string, found: keyof typeof words): void {
  const html = signInHtml(to, words[found].text)
  const headers = { ...htmlHeaders(), 'cache-control': 'no-store', 'x-robots-tag': 'noindex' }
  response.writeHead(words[found].status, { ...headers, 'content-length': Buffer.byteLength(html) })
  response.end(html)
}

function sendChallenge(response: ServerResponse, found: Found | 'missing'): void {
  const isLate = found === 'too-many'
  response.writeHead(isLate ? 429 : 401, {
    ...{ 'content-type': 'text/plain', 'cache-control': 'no-store' },
    ...(isLate ? {} : { 'www-authenticate': 'Basic realm="status page", charset="UTF-8"' }),
  })
  response.end('This status page is private: send its password.\n')
}
