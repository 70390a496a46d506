import { createEgressPolicy } from '#platform/net/egress.ts'
import { guardedFetch, publicPolicy } from '#platform/net/private.ts'

/** What readers of the status page, who do not sign in, may make the server do. */
export interface Readers {
  /** connects to public addresses and to the hosts that `FAIRLEAD_PRIVATE_HOSTS` names */
  fetch: typeof fetch
  /** whether they can subscribe a chat or a webhook */
  canSubscribeUrl: boolean
}

/** `*` in `FAIRLEAD_PRIVATE_HOSTS` is about people who sign in, and permits readers nothing. */
export function readersOf(env: Record<string, string | undefined>): Readers {
  const named = (env['FAIRLEAD_PRIVATE_HOSTS'] ?? '').split(',').map((one) => one.trim())
  const hosts = named.filter((one) => one !== '' && one !== '*')
  const policy = publicPolicy(createEgressPolicy(env['FAIRLEAD_ALLOW_ADDRESSES']), hosts)
  return {
    fetch: guardedFetch(policy),
    canSubscribeUrl: env['FAIRLEAD_STATUS_WEBHOOKS'] !== 'off',
  }
}
