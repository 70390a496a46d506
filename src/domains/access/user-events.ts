import type { Actor } from '#contract/event/event.ts'
import type { EventData } from '#contract/events.ts'
import { appendEvent } from '#engine/events.ts'
import type { Statement } from '#platform/postgres/sql.ts'

const about = (name: string, actor: Actor) => ({
  subject: `user/${name}`,
  chain: `user/${name}`,
  actor,
})

export const userCreated = (
  name: string,
  actor: Actor,
  data: EventData<'dev.cdeventsx.fairlead-user.created'>,
): Statement =>
  appendEvent({ ...about(name, actor), type: 'dev.cdeventsx.fairlead-user.created', data })

export const userChanged = (
  name: string,
  actor: Actor,
  data: EventData<'dev.cdeventsx.fairlead-user.changed'>,
): Statement =>
  appendEvent({
    ...about(name, actor),
    type: 'dev.cdeventsx.fairlead-user.changed',
    app: data.app,
    data,
  })

export const userDeleted = (name: string, actor: Actor): Statement =>
  appendEvent({ ...about(name, actor), type: 'dev.cdeventsx.fairlead-user.deleted' })
