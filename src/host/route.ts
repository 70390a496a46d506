/** What a route does. */
export type Part = (
  match: Record<string, string>,
  query: URLSearchParams,
  body: unknown,
) => Promise<unknown>

/** Method, path, and what it does. */
export type Route = [string, string, Part]
