import { type Forge, type Headers, header, isHexHmac } from '../sender.ts'
import { readGitHub } from './github.ts'

/**
 * Both write each header under their own name; Forgejo also under Gitea's, as Gitea also under
 * GitHub's.
 */
function giteaLike(name: 'gitea' | 'forgejo'): Forge {
  const of = (headers: Headers, what: string): string | null => header(headers, `x-${name}-${what}`)
  return {
    name,
    isSender: (headers) => of(headers, 'event') !== null,
    isSigned: (headers) => of(headers, 'signature') !== null,
    isAuthentic: (request) => isHexHmac(request, of(request.headers, 'signature')),
    deliveryId: (headers) => of(headers, 'delivery'),
    event: (headers) => of(headers, 'event') ?? '',
    // A changed head, label or assignee has a word of its own there, in the one header that GitHub
    // does not have.
    read: (event, payload) =>
      readGitHub(event.startsWith('pull_request') ? eventOf(event, payload) : event, payload),
  }
}

/** A review or a comment is none, and need not hold the pull request. */
const eventOf = (event: string, payload: unknown): string => {
  const keys = typeof payload === 'object' && payload !== null ? payload : {}
  const isOther = ['review', 'comment'].some(
    (key) => key in keys && (keys as Record<string, unknown>)[key] !== null,
  )
  return isOther ? event : 'pull_request'
}

/** https://docs.gitea.com/usage/webhooks */
export const gitea = giteaLike('gitea')

/** https://forgejo.org/docs/latest/user/webhooks */
export const forgejo = giteaLike('forgejo')
