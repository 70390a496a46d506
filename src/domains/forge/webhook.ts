import { createHash } from 'node:crypto'
import type { Webhook } from '#contract/webhook/webhook.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'
import { createBatcher } from '#platform/postgres/batch.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { z } from 'zod'
import type { CheckIn } from './check-in.ts'
import type { Forge } from './forge.ts'
import { senderOf } from './registry.ts'
import type { Headers } from './signature.ts'
import * as store from './webhook-store.ts'

export interface WebhooksOptions {
  db: Database
  secrets: SecretBox
  now(): number
  random(bytes: number): Buffer
  publicUrl: string
  /** there is something to look at */
  onStored(app: string): void
}

/**
 * The secret before the newest counts for so long, so that a forge can be told the new one without
 * a gap.
 */
const formerHours = 24
/** How long a secret that was read is believed; a wrong signature makes it be read again. */
const cacheMs = 1000

export type Webhooks = ReturnType<typeof createWebhooks>

/** Where forges announce check-ins: one address and one secret per app. */
export function createWebhooks(options: WebhooksOptions) {
  const { db } = options
  const cache = new Map<string, { secrets: string[]; until: number }>()
  const urlOf = (app: string): string => `${options.publicUrl}/webhooks/${app}`
  const nameOf = (app: string): string => `webhook/${app}`

  const insert = createBatcher<store.NewDelivery, store.StoredAnswer>({
    all: async (all) =>
      (await db.batch(all.map(store.insertDelivery))).map((rows) => mustBeStored(rows[0])),
    one: async (one) => mustBeStored((await db.query(store.insertDelivery(one)))[0]),
    sizeOf: ({ body }) => body.length,
    lanes: 4,
    atMost: { count: 32, size: 1e6 },
  })

  const readSecrets = async (app: string): Promise<string[]> => {
    const stored = await store.getWebhook(db, app)
    if (!stored) return []
    const isFormer =
      stored.formerUntil !== null && new Date(stored.formerUntil).getTime() > options.now()
    const sealed = [stored.secret, ...(stored.former !== null && isFormer ? [stored.former] : [])]
    const secrets = sealed.map((one) => options.secrets.open(store.sealedAs(app), one))
    if (cache.size > 1000) cache.clear()
    cache.set(app, { secrets, until: options.now() + cacheMs })
    return secrets
  }

  const secretsOf = async (app: string): Promise<string[]> => {
    const known = cache.get(app)
    return known && known.until > options.now() ? known.secrets : readSecrets(app)
  }

  const refuse = async (app: string, error: FairleadError): Promise<never> => {
    await db.query(store.countRefusal(app, error.message))
    throw error
  }

  const isAuthentic = async (
    forge: Forge,
    app: string,
    headers: Headers,
    body: Buffer,
  ): Promise<boolean> => {
    const check = (secrets: string[]): boolean =>
      forge.webhook.isAuthentic({ headers, body, secrets, now: options.now() })
    return check(await secretsOf(app)) || check(await readSecrets(app))
  }

  const toWebhook = (stored: store.StoredWebhook): Webhook => {
    const { app, created, formerUntil, refused, refusedAt, refusal } = stored
    return { app, url: urlOf(app), created, formerUntil, refused, refusedAt, refusal }
  }

  return {
    /**
     * Refuses, by the headers alone, what cannot be authentic, so that a stranger's body is not
     * read.
     */
    admit: async (app: string, headers: Headers): Promise<Forge> => {
      const forge = senderOf(headers)
      const secrets = await secretsOf(app)
      if (secrets.length === 0)
        throw new FairleadError('webhook_refused', { why: 'there is no such webhook' })
      if (!forge)
        return refuse(
          app,
          new FairleadError('webhook_refused', {
            why: 'its headers are of no sender that is known here',
          }),
        )
      if (!forge.webhook.isSigned(headers))
        return refuse(
          app,
          new FairleadError('webhook_refused', {
            why: 'it is not signed; give the sender the secret',
          }),
        )
      return forge
    },

    /** Verifies and stores; what it answers is in the database already. Safe to repeat. */
    receive: async (
      forge: Forge,
      app: string,
      headers: Headers,
      body: Buffer,
      address: string,
    ): Promise<store.StoredAnswer> => {
      if (!(await isAuthentic(forge, app, headers, body)))
        return refuse(
          app,
          new FairleadError('webhook_refused', { why: 'the signature is not that of its secret' }),
        )
      const event = forge.webhook.event(headers).slice(0, 100)
      const checkIns = readCheckIns(forge, event, headers, body)
      if (checkIns instanceof FairleadError) return refuse(app, checkIns)
      const content = createHash('sha256').update(body).digest()
      const answer = await insert({
        app,
        forge: forge.kind,
        // Without an id only the content tells a repeat; the own id must then be one that no other
        // has.
        id:
          forge.webhook.deliveryId(headers)?.slice(0, 300) ??
          `none-${options.random(8).toString('hex')}`,
        event,
        subject: subjectOf(checkIns),
        checkIns,
        content,
        body,
        address,
      })
      if (answer.state === 'pending') options.onStored(app)
      return answer
    },

    get: async (app: string): Promise<Webhook | null> => {
      const stored = await store.getWebhook(db, app)
      return stored && toWebhook(stored)
    },

    /** Makes the webhook of an app, or gives it a new secret. The secret is shown only now. */
    put: async (app: string, actor: Actor): Promise<Webhook & { secret: string }> => {
      // A standard key, which GitLab's signing token asks for; every other forge takes any text.
      const secret = `whsec_${options.random(32).toString('base64')}`
      await db.batch([
        store.putWebhook(app, options.secrets.seal(store.sealedAs(app), secret), formerHours),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-webhook.created',
          subject: nameOf(app),
          chain: `app/${app}`,
          app,
          actor,
        }),
      ])
      cache.delete(app)
      const stored = await store.getWebhook(db, app)
      if (!stored) throw new FairleadError('not_found', { kind: 'app', id: app })
      return { ...toWebhook(stored), secret }
    },

    remove: async (app: string, actor: Actor): Promise<void> => {
      await db.batch([
        store.deleteWebhook(app),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-webhook.deleted',
          subject: nameOf(app),
          chain: `app/${app}`,
          app,
          actor,
        }),
      ])
      cache.delete(app)
    },

    /** Looks at a delivery again, as if it came now. */
    replay: async (app: string, number: number, actor: Actor): Promise<void> => {
      if (!(await store.getDelivery(db, app, number)))
        throw new FairleadError('not_found', { kind: `delivery to ${app}`, id: number })
      await db.batch([
        store.replayDelivery(app, number),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-webhook.replayed',
          subject: nameOf(app),
          chain: `app/${app}`,
          app,
          actor,
          data: { delivery: number },
        }),
      ])
      options.onStored(app)
    },
  }
}

function mustBeStored(row: unknown): store.StoredAnswer {
  if (!row) throw new Error('a delivery was neither stored nor known')
  return row as store.StoredAnswer
}

function readCheckIns(
  forge: Forge,
  event: string,
  headers: Headers,
  body: Buffer,
): CheckIn[] | FairleadError {
  try {
    return forge.webhook.read(event, JSON.parse(textOf(headers, body)), headers)
  } catch (error) {
    if (error instanceof z.ZodError) {
      const [issue] = error.issues
      const field = issue?.path.map(String).join('.') || 'body'
      return new FairleadError('invalid_input', {
        field,
        problem: issue?.message ?? 'is not right',
      })
    }
    if (!(error instanceof SyntaxError)) throw error
    return new FairleadError('invalid_input', { field: 'body', problem: 'is not JSON' })
  }
}

/** Forges can send JSON as a form's field `payload`; what is signed is the form as it came. */
function textOf(headers: Headers, body: Buffer): string {
  const text = body.toString('utf8')
  const isForm = String(headers['content-type'] ?? '').startsWith(
    'application/x-www-form-urlencoded',
  )
  return isForm ? (new URLSearchParams(text).get('payload') ?? '') : text
}

/**
 * What a delivery is about: two of the same subject can say the same, two of different ones cannot.
 */
function subjectOf(checkIns: CheckIn[]): string {
  const subjects = checkIns.map((one) => {
    if (one.kind === 'push') return one.ref
    return one.kind === 'pull_request'
      ? `pull/${one.number}`
      : one.kind === 'other'
        ? one.what
        : one.kind
  })
  return subjects.join(' ').slice(0, 300) || 'nothing'
}
