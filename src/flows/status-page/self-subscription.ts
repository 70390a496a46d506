import { z } from 'zod'
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
import { challenge } from './challenge.ts'
import { type DeliverParts, type ReaderPage, readPage, receiverOf } from './deliver.ts'

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
  for (const one of requests) {
    await parts.db.batch(await statementsOf(options, one))
    await host.takeStatusRequests([one.id])
  }
  await parts.db.batch([own.dropUnconfirmed()])
}

/** Asks addresses to confirm, several at a time: a webhook that hangs delays no e-mail. */
export const askSubscribers = (parts: DeliverParts, interval: number): BackgroundJob[] =>
  [true, false].map((isMail) =>
    every({
      name: isMail ? 'ask-subscribers' : 'challenge-webhooks',
      interval,
      claim: rows<own.DueQuestion>({
        parallel: isMail ? 8 : 16,
        key: ({ name }) => name,
        take: ({ count, except }) =>
          own.claimQuestions(parts.db, {
            ...{ count, except: [...except], seconds: claimSeconds, isMail },
          }),
      }),
      run: ({ item }) => ask(parts, item),
    }),
  )

/** A repetition changes nothing. */
async function statementsOf(
  { parts: { db, secrets }, random }: SelfSubscriptionOptions,
  request: StatusRequest,
): Promise<Statement[]> {
  if (request.kind === 'subscribe' || request.kind === 'subscribe-url') {
    const isMail = request.kind === 'subscribe'
    const kind = isMail ? 'email' : request.channel
    const address = isMail ? request.email : request.url
    const [token, id] = [random().toString('base64url'), random().toString('hex', 0, 8)]
    const name = `${isMail ? 'mail' : request.channel}-${id}`
    const given = isMail ? { to: address } : { url: address }
    const settings = JSON.stringify({ ...given, [isMail ? 'token' : 'readerToken']: token })
    const keys = { tokenKey: own.keyOf(token), addressKey: own.keyOf(address) }
    const sealed = secrets.seal(store.sealedAs(name), settings)
    return [
      own.askSubscriber({
        name,
        kind,
        settings: sealed,
        ...{ apps: request.apps, components: request.components },
        ...keys,
        page: request.page,
      }),
    ]
  }
  const found = await own.findByToken(db, request.token)
  if (!found) return []
  const { name } = found
  if (request.kind === 'unsubscribe') {
    const type = 'dev.cdeventsx.fairlead-status.unsubscribed'
    const told = found.isConfirmed ? [appendEvent({ type, ...headOf(name), data: {} })] : []
    return [store.deleteSubscription(name), ...told]
  }
  return found.isConfirmed ? [] : confirm(found)
}

const headOf = (name: string) => ({
  ...{ subject: `status-subscription/${name}`, chain: 'server', actor },
})

const confirm = ({
  name,
  kind,
  apps,
  components,
}: Omit<own.FoundSubscription, 'isConfirmed'>): Statement[] => [
  ...own.confirmSubscription(name),
  appendEvent({
    type: 'dev.cdeventsx.fairlead-status.subscribed',
    ...headOf(name),
    data: { kind, apps, components },
  }),
]

/** Attempts at an address that anybody can enter. */
const mostAsked = 3

/** Asks an address; what it refuses is tried again. A webhook confirms by its answer. */
async function ask(parts: DeliverParts, due: own.DueQuestion): Promise<void> {
  const { name, kind, tries } = due
  const receiver = receiverOf(parts, name, due)
  try {
    const webhook = kind === 'cloudevents' ? z.object({ url: z.string() }) : null
    if (receiver && webhook) {
      await challenge(receiver.io, webhook.parse(receiver.settings).url, receiver.token ?? '')
      return void (await parts.db.batch(confirm(due)))
    }
    if (receiver) {
      const page = await readPage(parts, due.page)
      await receiver.kind.send(question(name, receiver, page), receiver.settings, receiver.io)
    }
    await parts.db.batch([own.setAsked(name, null)])
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const isGivenUp = kind !== 'email' && tries >= mostAsked
    await parts.db.batch([own.setAsked(name, isGivenUp ? null : pauseAfter(tries))])
  }
}

const question = (
  name: string,
  { token }: { token: string | null },
  { title, address }: ReaderPage,
): Message => ({
  ...{ id: `status-${name}`, kind: 'updated', urgency: 'low', answerUrl: null, alert: null },
  title: `Confirm your subscription of the status page${title === '' ? '' : ` ${title}`}`,
  lines: [
    'Somebody, probably you, asked to send the updates of this status page to this address.',
    'Open the link within a day to confirm it. Otherwise, nothing more is sent.',
  ],
  url: `${address}/confirm/${token ?? ''}`,
})
