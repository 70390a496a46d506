import type { Database } from '#platform/postgres/postgres.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'
import * as store from './webhook-store.ts'

/** Milliseconds for which a secret is cached. */
const cacheMs = 1000

/** The valid secrets of webhooks, cached for a moment. */
export function createWebhookSecrets({
  db,
  secrets: box,
  now,
}: {
  db: Database
  secrets: SecretBox
  now(): number
}) {
  const cache = new Map<string, { secrets: string[]; until: number }>()

  const read = async (app: string): Promise<string[]> => {
    const stored = await store.getWebhook(db, app)
    if (!stored) return []
    const { secret, former, formerUntil } = stored
    const isFormerValid = formerUntil !== null && new Date(formerUntil).getTime() > now()
    const sealed = [secret, ...(former !== null && isFormerValid ? [former] : [])]
    const secrets = sealed.map((one) => box.open(store.sealedAs(app), one))
    if (cache.size > 1000) cache.clear()
    cache.set(app, { secrets, until: now() + cacheMs })
    return secrets
  }

  return {
    /** The current secret, then the previous one while it is valid; empty without a webhook. */
    get: async (app: string): Promise<string[]> => {
      const cached = cache.get(app)
      return cached && cached.until > now() ? cached.secrets : read(app)
    },
    /** Bypasses the cache. */
    read,
    invalidate: (app: string): void => void cache.delete(app),
  }
}
