import type { StatusRequest } from '#contract/host/status-requests.ts'
import * as own from '#domains/status-page/self-subscription-store.ts'
import { pauseAfter } from '#domains/status-page/subscription.ts'
import * as store from '#domains/status-page/subscription-store.ts'
import { appendEvent } from '#engine/events.ts'
import { every, rows } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import { type Message, Refused } from '#platform/channel/channel.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { type DeliverParts, receiverOf } from './deliver.ts'

export interface SelfSubscriptionOptions {
  parts: DeliverParts
  host: Pick<HostClient, 'takeStatusRequests'>
  /** returns 32 bytes that nobody can guess */
  random(): Buffer
}

/** Who changed a subscription without signing in. */
const actor = 'a subscriber'

/** Seconds after which another server may ask an address that this one claimed. */
const claimSeconds = 60

/** Carries out what readers of the status page asked for. No mail server can delay it. */
export async function serveSubscribers(options: SelfSubscriptionOptions): Promise<void> {
  const { parts, host } = options
  const requests = await host.takeStatusRequests([])
  for (const one of requests) await parts.db.batch(await statementsOf(options, one))
  if (requests.length > 0) await host.takeStatusRequests(requests.map(({ id }) => id))
  await parts.db.batch([own.dropUnconfirmed()])
}

/** Asks addresses to confirm, several at a time. */
export const askSubscribers = (parts: DeliverParts, interval: number): BackgroundJob =>
  every({
    name: 'ask-subscribers',
    interval,
    claim: rows<own.DueQuestion>({
      parallel: 8,
      key: ({ name }) => name,
      take: ({ count, except }) =>
        own.claimQuestions(parts.db, { count, except: [...except], seconds: claimSeconds }),
    }),
    run: ({ item }) => ask(parts, item),
  })

/** A repetition changes nothing. */
async function statementsOf(
  { parts: { db, secrets }, random }: SelfSubscriptionOptions,
  request: StatusRequest,
): Promise<Statement[]> {
  if (request.kind === 'subscribe') {
    const [token, name] = [random().toString('base64url'), `mail-${random().toString('hex', 0, 8)}`]
    const settings = JSON.stringify({ to: request.email, token })
    const keys = { tokenKey: own.keyOf(token), addressKey: own.keyOf(request.email) }
    const sealed = secrets.seal(store.sealedAs(name), settings)
    return [own.askSubscriber({ name, settings: sealed, apps: request.apps, ...keys })]
  }
  const found = await own.findByToken(db, request.token)
  if (!found) return []
  const { name, apps } = found
  const head = { subject: `status-subscription/${name}`, chain: 'server', actor }
  if (request.kind === 'unsubscribe') {
    const type = 'dev.cdeventsx.fairlead-status.unsubscribed'
    const told = found.isConfirmed ? [appendEvent({ type, ...head, data: {} })] : []
    return [store.deleteSubscription(name), ...told]
  }
  if (found.isConfirmed) return []
  const type = 'dev.cdeventsx.fairlead-status.subscribed'
  const event = appendEvent({ type, ...head, data: { kind: 'email', apps } })
  return [...own.confirmSubscription(name), event]
}

/** Sends the e-mail that asks an address; what the mail server refuses is tried again. */
async function ask(parts: DeliverParts, { name, settings, tries }: own.DueQuestion): Promise<void> {
  const receiver = receiverOf(parts, name, { kind: 'email', settings })
  try {
    if (receiver)
      await receiver.kind.send(question(name, receiver, parts), receiver.settings, parts.io)
    await parts.db.batch([own.setAsked(name, null)])
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    await parts.db.batch([own.setAsked(name, pauseAfter(tries))])
  }
}

const question = (
  name: string,
  { token }: { token: string | null },
  { address, publicUrl }: Pick<DeliverParts, 'address' | 'publicUrl'>,
): Message => ({
  ...{ id: `status-${name}`, kind: 'updated', urgency: 'low', answerUrl: null, alert: null },
  title: 'Confirm your subscription of the status page',
  lines: [
    'Somebody, probably you, asked to send the updates of this status page to this address.',
    'Open the link within a day to confirm it. Otherwise, nothing more is sent.',
  ],
  url: `${address ?? publicUrl}/confirm/${token ?? ''}`,
})
