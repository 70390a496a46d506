import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import { defaultPage } from '#contract/status-page/pages.ts'
import { listPages } from '#domains/status-page/page-store.ts'
import { isForCustomers } from '#domains/status-page/subscription.ts'
import * as store from '#domains/status-page/subscription-store.ts'
import { appendEvent } from '#engine/events.ts'
import { channelKind, type NotifyParts } from '#flows/monitoring/channel.ts'

export interface SubscriptionHandlersOptions extends Pick<NotifyParts, 'db' | 'secrets'> {
  /** throws when the app does not exist */
  getApp(app: string): Promise<unknown>
}

type SubscriptionEndpoints =
  | 'listStatusSubscriptions'
  | 'putStatusSubscription'
  | 'deleteStatusSubscription'

/** Who gets the updates of the status page. */
export function subscriptionHandlers({
  db,
  secrets,
  getApp,
}: SubscriptionHandlersOptions): SomeHandlers<SubscriptionEndpoints> {
  return {
    listStatusSubscriptions: async () => ({ subscriptions: await store.listSubscriptions(db) }),
    putStatusSubscription: async ({ params: { subscription: name }, body }, caller) => {
      const { apps = null, components = null, page = defaultPage } = body
      if ((await listPages(db)).every((one) => one.name !== page))
        throw new FairleadError('not_found', { kind: 'status page', id: page })
      const named = (components ?? []).map((one) => one.slice(0, one.indexOf('/')))
      for (const app of new Set([...(apps ?? []), ...named])) await getApp(app)
      const settings = settingsOf(body.kind, body.settings)
      const sealed = secrets.seal(store.sealedAs(name), JSON.stringify(settings))
      const type = 'dev.cdeventsx.fairlead-status.subscribed'
      await db.batch([
        store.putSubscription({ name, kind: body.kind, settings: sealed, apps, components, page }),
        appendEvent({ type, ...headOf(name, caller), data: { kind: body.kind, apps, components } }),
      ])
      const stored = (await store.listSubscriptions(db)).find((one) => one.name === name)
      if (!stored) throw new FairleadError('not_found', { kind: 'subscription', id: name })
      return stored
    },
    deleteStatusSubscription: async ({ params: { subscription: name } }, caller) => {
      if (!(await store.getSubscription(db, name)))
        throw new FairleadError('not_found', { kind: 'subscription', id: name })
      const type = 'dev.cdeventsx.fairlead-status.unsubscribed'
      await db.batch([
        store.deleteSubscription(name),
        appendEvent({ type, ...headOf(name, caller), data: {} }),
      ])
      return { done: true }
    },
  }
}

function settingsOf(name: string, given: Record<string, unknown>): unknown {
  const kind = channelKind(name)
  if (!kind || !isForCustomers(name))
    throw new FairleadError('invalid_input', {
      ...{ field: 'kind', problem: 'must be a kind of channel for customers, such as slack' },
    })
  const parsed = kind.settings.safeParse(given)
  if (!parsed.error) return parsed.data
  const [issue] = parsed.error.issues
  const field = ['settings', ...(issue?.path ?? [])].join('.')
  throw new FairleadError('invalid_input', { field, problem: issue?.message ?? 'is invalid' })
}

const headOf = (name: string, actor: Caller) => ({
  ...{ subject: `status-subscription/${name}`, chain: 'server', actor },
})
