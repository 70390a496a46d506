import { type Channel, subscription } from '#contract/alert/alert.ts'
import { may } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import { getUser } from '#domains/access/user-store.ts'
import * as channels from '#domains/alert/channel-store.ts'
import { testMessage } from '#domains/alert/message.ts'
import { listDeliveries, recordTest } from '#domains/alert/notification-store.ts'
import { appendEvent } from '#engine/events.ts'
import { Refused } from '#platform/channel/channel.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { channelKind, kindViews, type NotifyParts, sendTo, slotOf } from './channel.ts'

export interface ChannelHandlersOptions extends NotifyParts {
  random(): string
}

type NewChannel = Pick<Channel, 'name' | 'kind' | 'person' | 'urgency'>

/** Lists, creates, tests and deletes channels. */
export function channelHandlers({
  db,
  secrets,
  io,
  publicUrl,
  random,
}: ChannelHandlersOptions): SomeHandlers<
  'listChannels' | 'listDeliveries' | 'putChannel' | 'addBrowser' | 'deleteChannel' | 'testChannel'
> {
  const save = async (channel: NewChannel, settings: unknown, caller: Caller): Promise<Channel> => {
    const { name, kind, person, urgency } = channel
    const sealed = secrets.seal(channels.sealedAs(name), JSON.stringify(settings))
    const [[stored] = []] = await db.batch([
      channels.putChannel({ ...channel, settings: sealed }),
      appendEvent({
        type: 'dev.cdeventsx.fairlead-channel.modified',
        ...subjectOf(name, caller),
        data: { kind, person, urgency },
      }),
    ])
    return stored as unknown as Channel
  }
  /** Sends a test message; returns why the channel did not accept it. */
  const tryOut = async (name: string, caller: Caller): Promise<string | null> => {
    const tested = (problem: string | null): Statement[] => [
      ...recordTest(name, caller.name, problem),
      appendEvent({
        type: 'dev.cdeventsx.fairlead-channel.tested',
        ...subjectOf(name, caller),
        data: { problem },
      }),
    ]
    const until = await slotOf({ db }, name)
    if (until !== null)
      throw new FairleadError('not_now', {
        why: `The channel ${name} gets no more messages before ${until}, by its rate limit`,
      })
    try {
      await sendTo({ db, secrets, io }, name, testMessage(publicUrl, `test-${random()}`))
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      await db.batch([channels.markProblem(name, error.message), ...tested(error.message)])
      return error.message
    }
    await db.batch([channels.markProven(name), ...tested(null)])
    return null
  }
  return {
    listChannels: async () => ({ channels: await channels.listChannels(db), kinds: kindViews() }),
    listDeliveries: async ({ params: { channel: name }, query: { limit } }) => {
      if (!(await channels.getChannel(db, name)))
        throw new FairleadError('not_found', { kind: 'channel', id: name })
      return { deliveries: await listDeliveries(db, name, limit) }
    },
    putChannel: async ({ params: { channel: name }, body }, caller) => {
      const kind = channelKind(body.kind)
      if (!kind) throw new FairleadError('not_found', { kind: 'kind of channel', id: body.kind })
      const parsed = kind.settings.safeParse(body.settings)
      if (parsed.error) {
        const [issue] = parsed.error.issues
        const field = ['settings', ...(issue?.path ?? [])].join('.')
        throw new FairleadError('invalid_input', { field, problem: issue?.message ?? 'is invalid' })
      }
      const { urgency } = body
      const person = body.person === undefined ? null : await userNamed(db, body.person)
      return save({ name, kind: kind.kind, person, urgency }, parsed.data, caller)
    },
    addBrowser: async ({ body }, caller) => {
      if (caller.user === null)
        throw new FairleadError('not_now', { why: 'A browser belongs to a user: sign in as one' })
      const name = browserName(caller.name, random())
      const channel = { name, kind: 'web-push', person: caller.name, urgency: 'low' } as const
      const saved = await save(channel, subscription.parse(body), caller)
      const problem = await tryOut(name, caller)
      return { ...saved, problem, proven: problem === null ? new Date().toISOString() : null }
    },
    deleteChannel: async ({ params: { channel: name } }, caller) => {
      mayChange(name, await channels.getChannel(db, name), caller)
      const type = 'dev.cdeventsx.fairlead-channel.deleted'
      await db.batch([
        channels.deleteChannel(name),
        appendEvent({ type, ...subjectOf(name, caller) }),
      ])
      return { done: true }
    },
    testChannel: async ({ params: { channel: name } }, caller) => {
      mayChange(name, await channels.getChannel(db, name), caller)
      const problem = await tryOut(name, caller)
      if (problem !== null)
        throw new FairleadError('not_now', {
          why: `The channel ${name} did not accept the message: ${problem}`,
        })
      return { done: true }
    },
  }
}

/** The name of an enabled user, as it is written there. */
async function userNamed(db: Database, name: string): Promise<string> {
  const user = await getUser(db, name)
  if (!user || user.disabled !== null)
    throw new FairleadError('not_found', { kind: 'user', id: name })
  return user.name
}

/** Admins change every channel, and users their own, such as that of their browser. */
function mayChange(
  name: string,
  channel: Pick<Channel, 'person'> | null,
  caller: Pick<Caller, 'name' | 'user' | 'role' | 'apps'>,
): void {
  const isOwn = caller.user !== null && channel?.person === caller.name
  if (!isOwn && !may(caller, 'admin', null))
    throw new FairleadError('not_allowed', { needed: 'admin', have: caller.role ?? 'none' })
  if (!channel) throw new FairleadError('not_found', { kind: 'channel', id: name })
}

const subjectOf = (channel: string, caller: Caller) => ({
  ...{ subject: `channel/${channel}`, chain: 'server', actor: caller },
})

/** The name of the channel of a browser: that of its user with a random end. */
export function browserName(person: string, random: string): string {
  const words = person.toLowerCase().match(/[a-z0-9]+/g) ?? ['user']
  const user = words.join('-').slice(0, 20).replace(/-$/, '')
  return `${user}-browser-${random.slice(0, 6)}`
}
