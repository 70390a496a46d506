import type { HostIo } from './monitor-kind.ts'
import { type Answer, type Sent, sendRequest } from './request.ts'

/** A request, and how many redirects of it are followed. */
export interface Followed extends Omit<Sent, 'family' | 'ca'> {
  family?: Sent['family']
  ca?: Sent['ca']
  redirects: number
}

/** The last answer, or why the redirects lead nowhere. */
export async function follow(wanted: Followed, io: HostIo): Promise<Answer | string> {
  let { url, method } = wanted
  const first = url.origin
  for (let count = 0; ; count += 1) {
    const answer = await sendRequest(
      {
        ...{ url, method, family: wanted.family, ca: wanted.ca, readsBody: wanted.readsBody },
        body: method === wanted.method ? wanted.body : undefined,
        // What another server asks for must not carry the credentials of the first one.
        headers: url.origin === first ? wanted.headers : {},
      },
      io,
    )
    const { location } = answer
    if (wanted.redirects === 0 || location === undefined || !isRedirect(answer.status))
      return answer
    if (count === wanted.redirects) return `it redirects more than ${wanted.redirects} times`
    const next = URL.parse(location, url.href)
    if (next === null || !/^https?:$/.test(next.protocol))
      return 'it redirects to something that is no address'
    if (answer.status === 303 || method === 'POST') method = 'GET'
    url = next
  }
}

const isRedirect = (code: number): boolean => [301, 302, 303, 307, 308].includes(code)
