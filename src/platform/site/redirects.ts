import { fillPattern, matchPattern, parsePattern, type PathPattern } from './pattern.ts'

/** Where the requests of the paths that match a pattern go. */
export interface RedirectRule {
  pattern: PathPattern
  to: string
  /** 200 and 404 answer with the file `to`; the others redirect */
  status: number
  /** whether it counts although there is a file of that path */
  isForced: boolean
}

/** An address to go to, or a path of the site to answer with. */
export type Redirected = { location: string; status: number } | { path: string; status: number }

const statuses = [200, 301, 302, 303, 307, 308, 404]
const answers = [200, 404]
/** Rules of one file, as of Cloudflare Pages. */
const mostRules = 2100

/**
 * Reads a `_redirects` file as Netlify and Cloudflare Pages define it: `FROM TO [STATUS]`, where
 * `!` after the status makes it count although a file exists. A string is the problem, with the
 * line.
 */
export function parseRedirects(text: string): RedirectRule[] | string {
  const rules: RedirectRule[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const content = line.trim()
    if (content === '' || content.startsWith('#')) continue
    const rule = parseRule(content)
    if (typeof rule === 'string') return `line ${index + 1} of _redirects: ${rule}`
    rules.push(rule)
  }
  if (rules.length > mostRules) return `_redirects has more than ${mostRules} rules`
  return rules
}

function parseRule(line: string): RedirectRule | string {
  const [from = '', to, code = '301', ...more] = line
    .replace(/\s#.*$/, '')
    .trim()
    .split(/\s+/)
  if (to === undefined || more.length > 0) return `\`${line}\` is not \`FROM TO [STATUS]\``
  const pattern = parsePattern(from)
  if (typeof pattern === 'string') return pattern
  const [, status = '', force] = /^(\d{3})(!?)$/.exec(code) ?? []
  if (!statuses.includes(Number(status)))
    return `the status \`${code}\` is not one of ${statuses.join(', ')}`
  const isLocal = /^\/(?![/\\])/.test(to)
  if (!isLocal && !/^https?:\/\/[^/\s]+/.test(to))
    return `\`${to}\` is not a path or an address that begins with https://`
  if (answers.includes(Number(status)) && !isLocal)
    return `\`${to}\` with the status ${status} must be a path`
  return { pattern, to, status: Number(status), isForced: force === '!' }
}

/** The first rule that matches a path, applied to it; null when none does. Pure. */
export function redirectFor(
  rules: readonly RedirectRule[],
  { path, query, hasFile }: { path: string; query: string; hasFile: boolean },
): Redirected | null {
  for (const { pattern, to, status, isForced } of rules) {
    if (hasFile && !isForced) continue
    const values = matchPattern(pattern, path)
    if (values === null) continue
    if (answers.includes(status)) return { path: fillPattern(to, values), status }
    const target = locationOf(to, values)
    // A rule that leads to the same path would be followed for ever.
    if (target === path) continue
    const isBare = query === '' || target.includes('?')
    return { location: isBare ? target : insertQuery(target, query), status }
  }
  return null
}

/**
 * Values are decoded, so they are encoded again. A value at the beginning of the path must not turn
 * it into the address of another host.
 */
function locationOf(to: string, values: Map<string, string>): string {
  const encoded = new Map(
    [...values].map(([name, value]) => [name, value.split('/').map(encodeURIComponent).join('/')]),
  )
  const location = fillPattern(to, encoded)
  return to.startsWith('/') ? location.replace(/^\/+/, '/') : location
}

function insertQuery(target: string, query: string): string {
  const [address = '', fragment] = target.split('#')
  return `${address}${query}${fragment === undefined ? '' : `#${fragment}`}`
}
