import type { TenantRule } from '#contract/host/route.ts'
import { cookieIn } from './session.ts'

/** Number of requests after which a part is counted, and limit of counted parts. */
const enough = 20
const mostParts = 20
/** Limit of names that are watched for becoming frequent. */
const maxCandidates = 1000
/** Limit of the parts of a path in the name of a route. */
const maxDepth = 3

/**
 * The frequent parts of the requests of an environment, such as its routes, found while it serves.
 * A part is counted from its twentieth request on, whatever became of the ones before, so that the
 * choice biases no test.
 */
export class FrequentParts {
  readonly #counted = new Set<string>()
  readonly #candidates = new Map<string, number>()

  /** Counts a request of a part; false when the part is not frequent. */
  has(name: string): boolean {
    if (this.#counted.has(name)) return true
    if (this.#counted.size >= mostParts) return false
    const seen = (this.#candidates.get(name) ?? 0) + 1
    if (seen <= enough) {
      if (this.#candidates.size >= maxCandidates) this.#candidates.clear()
      this.#candidates.set(name, seen)
      return false
    }
    this.#candidates.delete(name)
    this.#counted.add(name)
    return true
  }
}

/** The start of a path without parts that name one thing, such as `/orders` of `/orders/17?a=b`. */
export function routeOf(path: string): string {
  const [bare = '/'] = path.split('?')
  const parts = bare.split('/').slice(1)
  const end = parts.findIndex((part) => part === '' || isName(part))
  return `/${parts.slice(0, end === -1 ? maxDepth : Math.min(end, maxDepth)).join('/')}`
}

const isName = (part: string): boolean =>
  part.length > 32 || /^\d+$/.test(part) || (/^[\da-f-]{8,}$/i.test(part) && /\d/.test(part))

/**
 * The tenant of a request, by a reader of its headers and the header or cookie that names it. A
 * value that is long or has other characters than those of identifiers is no tenant: it may be a
 * credential or text of a stranger.
 */
export function tenantIn(
  rule: TenantRule | undefined,
  header: (name: string) => string,
): string | null {
  const value =
    rule?.cookie === undefined
      ? rule?.header === undefined
        ? ''
        : header(rule.header.toLowerCase())
      : (cookieIn(header('cookie'), rule.cookie) ?? '')
  return /^[\w.:@-]{1,64}$/.test(value) ? value : null
}
