import type { Role } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { insertLink } from './link-store.ts'
import { createSecret, hashOf } from './secret.ts'
import type { Users } from './users.ts'

const linkMinutes = 15
/** The user of the link that the first start prints; a link creates this user as an admin. */
const firstAdmin = 'admin'

export interface LinksOptions {
  db: Database
  now(): number
  random(bytes: number): Buffer
  publicUrl: string
  users: Users
}

export interface NewLink {
  /** the address to open in a browser */
  url: string
  /** ISO 8601 */
  expires: string
}

/** One-time links to sign in with. */
export function createLinks({ db, now, random, publicUrl, users }: LinksOptions) {
  return {
    /**
     * Creates a link for a user. The user is created when the link is redeemed and none of that
     * name exists; this needs a role. A role also replaces the one that an existing user has.
     */
    create: async (
      wanted: { name: string; role?: Role | undefined },
      actor: Actor,
    ): Promise<NewLink> => {
      const user = await users.find(wanted.name)
      if (user?.disabled) throw new FairleadError('user_disabled', { name: user.name })
      const name = user?.name ?? wanted.name
      if (!user && wanted.role === undefined && name !== firstAdmin)
        throw new FairleadError('not_found', { kind: 'user', id: name })
      const role = wanted.role ?? (user ? null : 'admin')
      const code = createSecret(random)
      const expires = new Date(now() + linkMinutes * 60_000).toISOString()
      await db.batch([
        insertLink({ hash: hashOf(code), name, role, expires }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-link.created',
          subject: `user/${name}`,
          chain: `user/${name}`,
          actor,
          data: { name, ...(role === null ? {} : { role }), expires },
        }),
      ])
      return { url: `${publicUrl}/sign-in?code=${code}`, expires }
    },
  }
}
