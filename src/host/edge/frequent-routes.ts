/** Number of requests after which a route is counted, and limit of counted routes. */
const enough = 20
const maxRoutes = 20
/** Limit of paths that are watched for becoming frequent. */
const maxCandidates = 1000
const maxParts = 3

/**
 * The frequent routes of an environment, found while it serves. A route is counted from its
 * twentieth request on, whatever became of the ones before, so that the choice biases no test.
 */
export class FrequentRoutes {
  readonly #counted = new Set<string>()
  readonly #candidates = new Map<string, number>()

  /** The route of a request; null when it is not counted. */
  of(path: string): string | null {
    const route = routeOf(path)
    if (this.#counted.has(route)) return route
    if (this.#counted.size >= maxRoutes) return null
    const seen = (this.#candidates.get(route) ?? 0) + 1
    if (seen <= enough) {
      if (this.#candidates.size >= maxCandidates) this.#candidates.clear()
      this.#candidates.set(route, seen)
      return null
    }
    this.#candidates.delete(route)
    this.#counted.add(route)
    return route
  }
}

/** The start of a path without parts that name one thing, such as `/orders` of `/orders/17?a=b`. */
export function routeOf(path: string): string {
  const [bare = '/'] = path.split('?')
  const parts = bare.split('/').slice(1)
  const end = parts.findIndex((part) => part === '' || isName(part))
  return `/${parts.slice(0, end === -1 ? maxParts : Math.min(end, maxParts)).join('/')}`
}

const isName = (part: string): boolean =>
  part.length > 32 || /^\d+$/.test(part) || (/^[\da-f-]{8,}$/i.test(part) && /\d/.test(part))
