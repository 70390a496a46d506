import type { User } from '#contract/access/access.ts'
import { type Grants, roleFor } from '#contract/access/grants.ts'
import type { Role } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sqlState } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { createProvisioning } from './provisioning.ts'
import { deleteSessions } from './session-store.ts'
import { userChanged, userCreated, userDeleted } from './user-events.ts'
import * as store from './user-store.ts'

export interface UsersOptions {
  db: Database
  /** the grants of a user: their own and those of their groups */
  grantsOf(user: Grants & { groups: string[] }): Grants
  /** makes this server forget cached callers */
  clearCache(): void
}

/** A user who may do something with an app. */
export interface AppUser {
  name: string
  role: Role
  disabled: string | null
}

export type Users = ReturnType<typeof createUsers>

/** The users of this installation. */
export function createUsers({ db, grantsOf, clearCache }: UsersOptions) {
  const toUser = ({ id: _id, ...user }: store.StoredUser): User => ({
    ...user,
    grants: grantsOf(user),
  })
  const mustGet = async (name: string): Promise<store.StoredUser> => {
    const user = await store.getUser(db, name)
    if (!user) throw new FairleadError('not_found', { kind: 'user', id: name })
    return user
  }
  const commit = async (statements: Statement[]): Promise<void> => {
    try {
      await db.batch(statements)
    } catch (error) {
      throw toAlreadyExists(error)
    } finally {
      clearCache()
    }
  }
  return {
    ...createProvisioning(db),
    find: (name: string) => store.getUser(db, name),
    mustGet,
    get: async (name: string): Promise<User> => toUser(await mustGet(name)),
    list: async (): Promise<User[]> => (await store.listUsers(db)).map(toUser),
    listOfApp: async (app: string): Promise<AppUser[]> =>
      (await store.listUsers(db)).flatMap((user) => appUserOf(user, grantsOf(user), app)),
    create: async (
      wanted: { name: string; email?: string | undefined; role: Role | null },
      actor: Actor,
    ): Promise<User> => {
      const { name, role, email = null } = wanted
      const insert = store.insertUser({ name, email, role })
      await commit([insert, userCreated(name, actor, { role, email })])
      return toUser(await mustGet(name))
    },
    change: async (name: string, wanted: store.UserChange, actor: Actor): Promise<User> => {
      const user = await mustGet(name)
      const changed = changedFields(user, wanted)
      if (Object.keys(changed).length === 0) return toUser(user)
      await commit([
        store.updateUser(user.id, wanted),
        ...(wanted.disabled === true ? [deleteSessions(user.id)] : []),
        userChanged(user.name, actor, changed),
      ])
      return toUser(await mustGet(user.name))
    },
    /** Deletes a user with their tokens and sessions. Their events remain. */
    remove: async (name: string, actor: Actor): Promise<void> => {
      const user = await mustGet(name)
      await commit([store.deleteUser(user.id), userDeleted(user.name, actor)])
    },
    /** Sets the role of a user for one app; null removes it. */
    setRole: async (name: string, app: string, role: Role | null, actor: Actor): Promise<void> => {
      const user = await mustGet(name)
      const was = Object.hasOwn(user.apps, app) ? (user.apps[app] ?? null) : null
      if (was === role) return
      await commit([
        store.setRole(user.id, app, role),
        userChanged(user.name, actor, { role, was, app }),
      ])
    },
  }
}

function appUserOf(user: store.StoredUser, grants: Grants, app: string): AppUser[] {
  const role = roleFor(grants, app)
  return role === null ? [] : [{ name: user.name, role, disabled: user.disabled }]
}

/** The fields of a change that differ from the stored user, for its event. */
function changedFields(user: store.StoredUser, { role, email, disabled }: store.UserChange) {
  return {
    ...(role === undefined || role === user.role ? {} : { role, was: user.role }),
    ...(email === undefined || email === user.email ? {} : { email }),
    ...(disabled === undefined || disabled === (user.disabled !== null) ? {} : { disabled }),
  }
}

/** The `already_exists` error for a violated unique constraint; any other error unchanged. */
function toAlreadyExists(error: unknown): unknown {
  if (sqlState(error) !== '23505') return error
  const { constraint, detail } = error as { constraint?: string; detail?: string }
  const id = /=\((.*)\) already exists/.exec(detail ?? '')?.[1] ?? ''
  const kind = constraint === 'user_by_email' ? 'user with the address' : 'user'
  return new FairleadError('already_exists', { kind, id })
}
