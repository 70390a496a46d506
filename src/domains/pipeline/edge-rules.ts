import { isNetwork } from '#platform/net/egress.ts'
import { parseRedirects } from '#platform/site/redirects.ts'
import { type Found, found } from './problem.ts'
import type { Readable } from './readable.ts'

/** What `edge` of the environments says that the edge cannot do. */
export function edgeRules({ environments }: Pick<Readable, 'environments'>): Found[] {
  return Object.entries(environments).flatMap(([name, { edge }]) => [
    ...edge.redirects.flatMap((line, i) => {
      const problem = redirectProblem(line)
      if (problem === null) return []
      const at = ['environments', name, 'edge', 'redirects', i]
      return [found(at, false, problem, 'write it as `/old/* /new/:splat 301`')]
    }),
    ...edge.allow.flatMap((network, i) => {
      if (isNetwork(network)) return []
      const at = ['environments', name, 'edge', 'allow', i]
      const problem = `\`${network}\` is not an address or a network`
      return [found(at, false, problem, 'write it as 192.0.2.7 or 10.0.0.0/8')]
    }),
  ])
}

function redirectProblem(line: string): string | null {
  const rules = parseRedirects(line)
  if (typeof rules === 'string') return rules.replace(/^line 1 of _redirects: /, '')
  const [rule] = rules
  if (!rule || rules.length > 1) return `\`${line}\` is not one redirect`
  const isRedirect = rule.status >= 300 && rule.status < 400
  return isRedirect ? null : `\`${line}\` has the status ${rule.status}, which redirects nowhere`
}
