import { isIPv6, type BlockList } from 'node:net'
import type { HostEdge } from '#contract/host/edge.ts'
import { blockList } from '#platform/net/egress.ts'
import { parseRedirects, redirectFor, type RedirectRule } from '#platform/site/redirects.ts'
import { type EdgeAnswer, redirectAnswer, refusal, signInAnswer } from './pages.ts'
import type { Edit, EdgeRules, RequestFacts } from './route.ts'
import { Users } from './users.ts'

const compiled = new WeakMap<HostEdge, EdgeRules>()

/** The rules of a release; undefined without any. */
export function edgeRulesOf(edge: HostEdge | undefined): EdgeRules | undefined {
  if (!edge) return undefined
  let rules = compiled.get(edge)
  if (!rules) compiled.set(edge, (rules = compile(edge)))
  return rules
}

function compile(edge: HostEdge): EdgeRules {
  const { redirects, request, response, users, allow, body, timeout, compress, log, trace } = edge
  const rules = parseRedirects((redirects ?? []).join('\n'))
  const way = typeof rules === 'string' ? [] : rules
  const list = allow ? blockList(allow, 'allow') : null
  const people = users ? new Users(users) : null
  // The credentials are for the edge; no service needs them.
  const edits = people ? { ...request, authorization: null } : request
  return {
    answer: (asked: RequestFacts, now: number) =>
      barred(list, asked) ??
      unknown(people, asked, now) ??
      redirected(way, asked) ??
      tooLong(body, asked),
    ...{ request: editOf(edits), response: editOf(response) },
    ...{ body: body ?? Infinity, timeout: timeout ?? Infinity },
    ...(compress ? { compress } : {}),
    ...{ log: log ?? false, trace: trace ?? null },
  }
}

const barred = (list: BlockList | null, { client }: RequestFacts): EdgeAnswer | null => {
  if (!list) return null
  const address = client()
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') ? null : refusal(403)
}

function unknown(users: Users | null, { header }: RequestFacts, now: number): EdgeAnswer | null {
  const admission = users?.admits(header('authorization'), now) ?? 'yes'
  if (admission === 'yes') return null
  return admission === 'later' ? refusal(429) : signInAnswer
}

function redirected(rules: RedirectRule[], { path }: RequestFacts): EdgeAnswer | null {
  if (rules.length === 0) return null
  const [encoded = '', ...rest] = path().split('?')
  const query = rest.length === 0 ? '' : `?${rest.join('?')}`
  const decoded = decode(encoded)
  const found =
    decoded === null ? null : redirectFor(rules, { path: decoded, query, hasFile: false })
  return found && 'location' in found ? redirectAnswer(found.location, found.status) : null
}

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}

const tooLong = (limit: number | undefined, { length }: RequestFacts): EdgeAnswer | null =>
  limit !== undefined && length() > limit ? refusal(413) : null

/** The edit that sets headers, and removes those that are null; null for none. */
function editOf(headers: Record<string, string | null> = {}): Edit | null {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  if (names.size === 0) return null
  const added = Object.entries(headers)
    .map(([name, value]) => (value === null ? '' : `${name}: ${value}\r\n`))
    .join('')
  const isKept = (line: string): boolean =>
    !names.has(line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase())
  return (head) => {
    const lines = head.split('\r\n').filter(isKept)
    return lines.join('\r\n') + added
  }
}
