import type { AllowedPrefix } from '#contract/configuration/secret-prefix.ts'
import { appendEvent } from '#engine/events.ts'
import { type Actor, nameOfActor } from '#contract/event/event.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** The prefixes that the references of an app may have, in alphabetical order. */
export async function listPrefixes(db: Database, app: string): Promise<AllowedPrefix[]> {
  return db.query<AllowedPrefix>(
    sql`select prefix, actor, created from secret_prefix where app = ${app} order by prefix`,
  )
}

/** Allows and removes prefixes of an app, with the event. */
export function changePrefixes(
  app: string,
  { allowed, removed }: { allowed: string[]; removed: string[] },
  actor: Actor,
): Statement[] {
  return [
    sql`delete from secret_prefix where app = ${app} and prefix = any(${removed}::text[])`,
    sql`insert into secret_prefix (app, prefix, actor)
      select ${app}, p, ${nameOfActor(actor)} from unnest(${allowed}::text[]) p
      on conflict do nothing`,
    appendEvent({
      type: 'dev.cdeventsx.fairlead-secretprefix.changed',
      subject: `app/${app}`,
      chain: `app/${app}`,
      app,
      actor,
      data: { allowed, removed },
    }),
  ]
}
