import { type User, userName } from '#contract/access/access.ts'
import type { Role } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor, By } from '#contract/event/event.ts'
import { type Grants, roleFor } from '#contract/access/grants.ts'
import type { EventData } from '#contract/events.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import * as store from './user-store.ts'

export interface UsersOptions {
  db: Database
  /** what a user may do, by what was given here and by their groups */
  grantsOf(user: Grants & { groups: string[] }): Grants
  /** what was believed of callers is not true any more */
  forget(): void
}

/** A user who signs in: what makes or changes them belongs into the transaction of the sign-in. */
export interface Ensured {
  name: string
  isDisabled: boolean
  before: Statement[]
}

const about = (name: string, actor: Actor) => ({
  subject: `user/${name}`,
  chain: `user/${name}`,
  actor,
})
const userCreated = (
  name: string,
  actor: Actor,
  data: EventData<'dev.cdeventsx.fairlead-user.created'>,
): Statement =>
  appendEvent({ ...about(name, actor), type: 'dev.cdeventsx.fairlead-user.created', data })
const userChanged = (
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
const userDeleted = (name: string, actor: Actor): Statement =>
  appendEvent({ ...about(name, actor), type: 'dev.cdeventsx.fairlead-user.deleted' })

/** People. */
export function createUsers({ db, grantsOf, forget }: UsersOptions) {
  const toUser = ({ id: _id, ...user }: store.StoredUser): User => ({
    ...user,
    grants: grantsOf(user),
  })
  const mustGet = async (name: string): Promise<store.StoredUser> => {
    const user = await store.getUser(db, name)
    if (!user) throw new FairleadError('not_found', { kind: 'user', id: name })
    return user
  }
  const change = async (statements: Statement[]): Promise<void> => {
    try {
      await db.batch(statements)
    } catch (error) {
      throw translate(error)
    } finally {
      forget()
    }
  }
  /** A name that nobody has: nobody becomes somebody else by being called so. */
  const freeName = async (names: string[]): Promise<string> => {
    for (const one of names) {
      const { success, data } = userName.safeParse(one)
      if (success && !(await store.getUser(db, data))) return data
    }
    throw new FairleadError('already_exists', { kind: 'user', id: names[0] ?? '' })
  }

  return {
    find: (name: string) => store.getUser(db, name),
    mustGet,
    list: async (): Promise<User[]> => (await store.listUsers(db)).map(toUser),
    get: async (name: string): Promise<User> => toUser(await mustGet(name)),
    create: async (
      wanted: { name: string; email?: string | undefined; role: Role | null },
      actor: Actor,
    ): Promise<User> => {
      const { name, email = null, role } = wanted
      await change([
        store.insertUser({ name, email, role }),
        userCreated(name, actor, { role, email }),
      ])
      return toUser(await mustGet(name))
    },
    change: async (name: string, wanted: store.ChangedUser, actor: Actor): Promise<User> => {
      const user = await mustGet(name)
      const data = {
        ...(wanted.role === undefined || wanted.role === user.role
          ? {}
          : { role: wanted.role, was: user.role }),
        ...(wanted.email === undefined || wanted.email === user.email
          ? {}
          : { email: wanted.email }),
        ...(wanted.disabled === undefined || wanted.disabled === (user.disabled !== null)
          ? {}
          : { disabled: wanted.disabled }),
      }
      if (Object.keys(data).length === 0) return toUser(user)
      await change([
        store.updateUser(user.id, wanted),
        ...(wanted.disabled === true ? [store.endSessionsOf(user.id)] : []),
        userChanged(user.name, actor, data),
      ])
      return toUser(await mustGet(user.name))
    },
    remove: async (name: string, actor: Actor): Promise<void> => {
      const user = await mustGet(name)
      await change([store.deleteUser(user.id), userDeleted(user.name, actor)])
    },
    /** Gives a role with an app, or takes it. */
    setRole: async (name: string, app: string, role: Role | null, actor: Actor): Promise<void> => {
      const user = await mustGet(name)
      const was = Object.hasOwn(user.apps, app) ? (user.apps[app] ?? null) : null
      if (was === role) return
      await change([
        store.setRole(user.id, app, role),
        userChanged(user.name, actor, { role, was, app }),
      ])
    },
    /** Who may do something with an app. */
    listOfApp: async (
      app: string,
    ): Promise<{ name: string; role: Role; disabled: string | null }[]> =>
      (await store.listUsers(db)).flatMap((user) => {
        const role = roleFor(grantsOf(user), app)
        return role === null ? [] : [{ name: user.name, role, disabled: user.disabled }]
      }),
    /** The user of a link, who is made when there is none; a role that the link names is given. */
    ensure: async (
      link: { name: string; role: Role | null; email: string | null },
      by: By,
    ): Promise<Ensured> => {
      const user = await store.getUser(db, link.name)
      const actor = { name: user?.name ?? link.name, by }
      if (!user) {
        const { name, role, email } = link
        return {
          name,
          isDisabled: false,
          before: [store.insertUser({ name, role, email }), userCreated(name, actor, { role })],
        }
      }
      const isNew = link.role !== null && link.role !== user.role
      const before = isNew
        ? [
            store.updateUser(user.id, { role: link.role }),
            userChanged(user.name, actor, { role: link.role, was: user.role }),
          ]
        : []
      return { name: user.name, isDisabled: user.disabled !== null, before }
    },
    /** The user of whom a provider speaks; null when they are not known, and may not be new. */
    ensureOf: async (
      who: { issuer: string; subject: string; email: string | null; groups: string[] },
      { names, newcomer }: { names: string[]; newcomer: { role: Role | null } | null },
      by: By,
    ): Promise<Ensured | null> => {
      const user = await store.findUser(db, who)
      if (user) {
        const before = [store.bindUser(user.name, who)]
        return { name: user.name, isDisabled: user.disabled !== null, before }
      }
      if (!newcomer) return null
      const name = await freeName(names)
      const { role } = newcomer
      const made = [
        store.insertUser({ name, email: null, role }),
        store.bindUser(name, who),
        userCreated(name, { name, by }, { role, email: who.email, issuer: who.issuer }),
      ]
      return { name, isDisabled: false, before: made }
    },
  }
}

/** Somebody has the name or the address, or the app is gone. */
function translate(error: unknown): unknown {
  const { code, constraint, detail } = error as {
    code?: string
    constraint?: string
    detail?: string
  }
  if (code === '23505') {
    const id = /=\((.*)\) already exists/.exec(detail ?? '')?.[1] ?? ''
    const kind = constraint === 'user_by_email' ? 'user with the address' : 'user'
    return new FairleadError('already_exists', { kind, id })
  }
  return error
}
