import { userName } from '#contract/access/access.ts'
import type { Role } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import type { By } from '#contract/event/event.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { userChanged, userCreated } from './user-events.ts'
import * as store from './user-store.ts'

/** A user who signs in. */
export interface SigningIn {
  name: string
  isDisabled: boolean
  /** create or update the user; to be executed in the transaction of the sign-in */
  statements: Statement[]
}

/** Users who are created or updated when they sign in. */
export function createProvisioning(db: Database) {
  return {
    /** The user of a link, who is created when missing and gets the role that the link names. */
    ensureForLink: async (
      { name, role }: { name: string; role: Role | null },
      by: By,
    ): Promise<SigningIn> => {
      const user = await store.getUser(db, name)
      if (!user) {
        const insert = store.insertUser({ name, role, email: null })
        const statements = [insert, userCreated(name, { name, by }, { role })]
        return { name, isDisabled: false, statements }
      }
      const actor = { name: user.name, by }
      const statements =
        role === null || role === user.role
          ? []
          : [
              store.updateUser(user.id, { role }),
              userChanged(user.name, actor, { role, was: user.role }),
            ]
      return { name: user.name, isDisabled: user.disabled !== null, statements }
    },
    /**
     * The user of an identity. A missing user is created with the role of `newcomer` and the first
     * free name of `names`; without a newcomer the result is null.
     */
    ensureForProvider: async (
      identity: store.Identity & { groups: string[] },
      { names, newcomer }: { names: string[]; newcomer: { role: Role | null } | null },
      by: By,
    ): Promise<SigningIn | null> => {
      const user = await store.findUser(db, identity)
      if (user) {
        const statements = [store.bindUser(user.name, identity)]
        return { name: user.name, isDisabled: user.disabled !== null, statements }
      }
      if (!newcomer) return null
      const name = await freeName(db, names)
      const { role } = newcomer
      const { email, issuer } = identity
      const statements = [
        store.insertUser({ name, email: null, role }),
        store.bindUser(name, identity),
        userCreated(name, { name, by }, { role, email, issuer }),
      ]
      return { name, isDisabled: false, statements }
    },
  }
}

/** The first valid name that no user has: the provider's name must not select an existing user. */
async function freeName(db: Database, names: string[]): Promise<string> {
  for (const name of names) {
    const { success, data } = userName.safeParse(name)
    if (success && !(await store.getUser(db, data))) return data
  }
  throw new FairleadError('already_exists', { kind: 'user', id: names[0] ?? '' })
}
