import { createHash } from 'node:crypto'
import type { Webhook } from '#contract/webhook/webhook.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'
import { createBatcher } from '#platform/postgres/batch.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { readCheckIns, subjectOf } from './delivery.ts'
import type { Forge } from './forge.ts'
import { senderOf } from './registry.ts'
import type { Headers } from './signature.ts'
import { createWebhookSecrets } from './webhook-secrets.ts'
import * as store from './webhook-store.ts'

export interface WebhooksOptions {
  db: Database
  secrets: SecretBox
  /** milliseconds since 1970 */
  now(): number
  random(bytes: number): Buffer
  publicUrl: string
  /** called when a pending delivery was stored */
  onStored(app: string): void
}

/**
 * How long the previous secret stays valid, so that no delivery is lost until the forge has the new
 * one.
 */
const formerHours = 24

export type Webhooks = ReturnType<typeof createWebhooks>

/** The webhooks of all apps: one address and one secret per app. */
export function createWebhooks(options: WebhooksOptions) {
  const { db, publicUrl } = options
  const secrets = createWebhookSecrets(options)
  const insert = createInsert(db)

  const refuse = async (app: string, error: FairleadError): Promise<never> => {
    await db.query(store.countRefusal(app, error.message))
    throw error
  }
  const refuseBecause = (app: string, why: string): Promise<never> =>
    refuse(app, new FairleadError('webhook_refused', { why }))

  return {
    /**
     * Checks the headers before the body is read. Returns the sender; throws for a request that
     * cannot be authentic.
     */
    admit: async (app: string, headers: Headers): Promise<Forge> => {
      if ((await secrets.get(app)).length === 0)
        throw new FairleadError('webhook_refused', { why: 'the app has no webhook' })
      const forge = senderOf(headers)
      if (!forge) return refuseBecause(app, 'its headers match no supported sender')
      if (!forge.webhook.isSigned(headers))
        return refuseBecause(app, 'it is not signed; enter the secret at the sender')
      return forge
    },

    /** Verifies and stores a delivery. Safe to repeat. */
    receive: async (
      forge: Forge,
      app: string,
      headers: Headers,
      body: Buffer,
      address: string,
    ): Promise<store.StoredAnswer> => {
      const isAuthentic = (valid: string[]): boolean =>
        forge.webhook.isAuthentic({ headers, body, secrets: valid, now: options.now() })
      // A secret that was created a moment ago may not be in the cache yet.
      if (!isAuthentic(await secrets.get(app)) && !isAuthentic(await secrets.read(app)))
        return refuseBecause(app, 'its signature does not match the secret')
      const event = forge.webhook.event(headers).slice(0, 100)
      const checkIns = readCheckIns(forge, event, headers, body)
      if (checkIns instanceof FairleadError) return refuse(app, checkIns)
      const answer = await insert({
        ...{ app, event, checkIns, body, address },
        forge: forge.kind,
        // Without an ID, only the content reveals a repeat, and the row needs an ID of its own.
        id:
          forge.webhook.deliveryId(headers)?.slice(0, 300) ??
          `none-${options.random(8).toString('hex')}`,
        subject: subjectOf(checkIns),
        content: createHash('sha256').update(body).digest(),
      })
      if (answer.state === 'pending') options.onStored(app)
      return answer
    },

    get: async (app: string): Promise<Webhook | null> => {
      const stored = await store.getWebhook(db, app)
      return stored && toWebhook(stored, publicUrl)
    },

    /** Creates the webhook of an app, or a new secret for it. Only this call returns the secret. */
    put: async (app: string, actor: Actor): Promise<Webhook & { secret: string }> => {
      // The format of Standard Webhooks, which GitLab requires; other forges accept any text.
      const secret = `whsec_${options.random(32).toString('base64')}`
      const sealed = options.secrets.seal(store.sealedAs(app), secret)
      await db.batch([
        store.putWebhook(app, sealed, formerHours),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-webhook.created',
          ...keysOf(app),
          actor,
          data: {},
        }),
      ])
      secrets.invalidate(app)
      const stored = await store.getWebhook(db, app)
      if (!stored) throw new FairleadError('not_found', { kind: 'app', id: app })
      return { ...toWebhook(stored, publicUrl), secret }
    },

    remove: async (app: string, actor: Actor): Promise<void> => {
      await db.batch([
        store.deleteWebhook(app),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-webhook.deleted',
          ...keysOf(app),
          actor,
          data: {},
        }),
      ])
      secrets.invalidate(app)
    },

    /** Processes a stored delivery again. */
    replay: async (app: string, number: number, actor: Actor): Promise<void> => {
      if (!(await store.hasDelivery(db, app, number)))
        throw new FairleadError('not_found', { kind: `delivery to ${app}`, id: number })
      await db.batch([
        store.replayDelivery(app, number),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-webhook.replayed',
          ...keysOf(app),
          actor,
          data: { delivery: number },
        }),
      ])
      options.onStored(app)
    },
  }
}

const keysOf = (app: string) => ({ subject: `webhook/${app}`, chain: `app/${app}`, app })

/** Stores deliveries that arrive together in one message. */
const createInsert = (db: Database) =>
  createBatcher<store.NewDelivery, store.StoredAnswer>({
    all: async (all) =>
      (await db.batch(all.map(store.insertDelivery))).map((rows) => mustRow(rows)),
    one: async (one) => mustRow(await db.query(store.insertDelivery(one))),
    sizeOf: ({ body }) => body.length,
    lanes: 4,
    limit: { count: 32, size: 1e6 },
  })

function mustRow(rows: unknown[]): store.StoredAnswer {
  const [row] = rows
  if (!row) throw new Error('the insert of a delivery returned no row')
  return row as store.StoredAnswer
}

function toWebhook(stored: store.StoredWebhook, publicUrl: string): Webhook {
  const { app, created, formerUntil, refused, refusedAt, refusal } = stored
  const url = `${publicUrl}/webhooks/${app}`
  return { app, url, created, formerUntil, refused, refusedAt, refusal }
}
