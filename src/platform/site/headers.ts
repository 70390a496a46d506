import { fillPattern, matchPattern, parsePattern, type PathPattern } from './pattern.ts'

/** Headers of the paths that match a pattern; a null value removes a header. */
export interface HeaderRule {
  pattern: PathPattern
  headers: [name: string, value: string | null][]
}

/** What the server itself decides. */
const reserved = new Set([
  ...['connection', 'content-length', 'content-range', 'date', 'keep-alive', 'location', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'accept-ranges', 'etag', 'last-modified'],
])
/** Rules of one file, as of Cloudflare Pages. */
const mostRules = 100

/**
 * Reads a `_headers` file as Netlify and Cloudflare Pages define it: a path, and below it indented
 * lines `Name: value`; `! Name` removes a header. A string is the problem, with the line.
 */
export function parseHeaders(text: string): HeaderRule[] | string {
  const rules: HeaderRule[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const problem = readLine(line, rules)
    if (problem !== null) return `line ${index + 1} of _headers: ${problem}`
  }
  if (rules.length > mostRules) return `_headers has more than ${mostRules} paths`
  return rules
}

function readLine(line: string, rules: HeaderRule[]): string | null {
  const content = line.trim()
  if (content === '' || content.startsWith('#')) return null
  if (!/^\s/.test(line)) {
    const pattern = parsePattern(content)
    if (typeof pattern === 'string') return pattern
    rules.push({ pattern, headers: [] })
    return null
  }
  const rule = rules.at(-1)
  if (!rule) return 'a header comes before the first path'
  const [, removed] = /^!\s*(\S+)$/.exec(content) ?? []
  const colon = content.indexOf(':')
  const name = removed ?? content.slice(0, Math.max(0, colon))
  const value = removed === undefined ? content.slice(colon + 1).trim() : null
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return `\`${content}\` is not \`Name: value\``
  if (reserved.has(name.toLowerCase())) return `the server sets \`${name}\` itself`
  if (value !== null && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    return `the value of \`${name}\` has a character that a header cannot have`
  rule.headers.push([name.toLowerCase(), value])
  return null
}

/**
 * The headers of a path besides `defaults`. Values of several rules for the same header are joined
 * with a comma, in the order of the file; a header of `defaults` is replaced.
 */
export function headersFor(
  rules: readonly HeaderRule[],
  path: string,
  defaults: Record<string, string>,
): Record<string, string> {
  const set = new Map<string, string>()
  const result = { ...defaults }
  for (const { pattern, headers } of rules) {
    const values = matchPattern(pattern, path)
    if (values === null) continue
    for (const [name, value] of headers) {
      if (value === null) {
        set.delete(name)
        delete result[name]
        continue
      }
      const before = set.get(name)
      const filled = fillPattern(value, values)
      set.set(name, before === undefined ? filled : `${before}, ${filled}`)
    }
  }
  return { ...result, ...Object.fromEntries(set) }
}
