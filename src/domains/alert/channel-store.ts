import type { Channel } from '#contract/alert/alert.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { SealedValue } from '#platform/secret/secret-box.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export interface StoredChannel extends Channel {
  /** sealed */
  settings: string
}

const columns = sql`name, kind, person, urgency, created, proven,
  problem`

/** The context that the settings of a channel are sealed with. */
export const sealedAs = (name: string): string => `channel/${name}`

export const listChannels = (db: Database): Promise<Channel[]> =>
  db.query<Channel>(sql`select ${columns} from channel order by name`)

export const listStored = (db: Database): Promise<StoredChannel[]> =>
  db.query<StoredChannel>(sql`select ${columns}, settings from channel order by name`)

export async function getChannel(db: Database, name: string): Promise<StoredChannel | null> {
  const rows = await db.query<StoredChannel>(
    sql`select ${columns}, settings from channel where name = ${name}`,
  )
  return rows[0] ?? null
}

export const putChannel = (
  channel: Pick<StoredChannel, 'name' | 'kind' | 'person' | 'settings' | 'urgency'>,
): Statement =>
  sql`insert into channel (name, kind, person, settings, urgency)
    values (${channel.name}, ${channel.kind}, ${channel.person}::text, ${channel.settings},
      ${channel.urgency})
    on conflict (name) do update set kind = excluded.kind, person = excluded.person,
      settings = excluded.settings, urgency = excluded.urgency, proven = null, problem = null,
      slot = null
    returning ${columns}`

export const deleteChannel = (name: string): Statement =>
  sql`delete from channel where name = ${name} returning name`

export const markProven = (name: string): Statement =>
  sql`update channel set proven = now(), problem = null where name = ${name}`

export const markProblem = (name: string, problem: string): Statement =>
  sql`update channel set problem = ${problem}, refused = now() where name = ${name}`

/**
 * Takes a place in the rate limit of a channel, which all servers share: a generic cell rate
 * algorithm. Returns null, or the time (ISO 8601) at which there is a place again.
 */
export async function takeSlot(
  db: Database,
  name: string,
  { messages, seconds }: { messages: number; seconds: number },
): Promise<string | null> {
  const each = sql`(${seconds / messages}::float * interval '1 second')`
  const taken = await db.query(sql`update channel
    set slot = greatest(coalesce(slot, now()), now()) + ${each}
    where name = ${name}
      and coalesce(slot, now()) <= now() + ${messages - 1}::int * ${each}
    returning name`)
  if (taken.length > 0) return null
  const rows = await db.query<{ until: string }>(sql`
    select coalesce(slot, now()) - ${messages - 1}::int * ${each} as until
    from channel where name = ${name}`)
  return rows[0]?.until ?? null
}

/** Lets a channel that said it is full get no message for so many seconds, from any server. */
export const holdChannel = (
  name: string,
  { messages, seconds }: { messages: number; seconds: number },
  full: number,
): Statement =>
  sql`update channel set slot = greatest(slot, now() + interval '1 second' *
      ${full + ((messages - 1) * seconds) / messages}::float)
    where name = ${name}`

/** All settings, to seal them with a new key. */
export async function sealedSettings(db: Database): Promise<SealedValue[]> {
  const rows = await db.query<{ name: string; settings: string }>(
    sql`select name, settings from channel`,
  )
  return rows.map(({ name, settings }) => ({
    name: sealedAs(name),
    sealed: settings,
    put: (resealed) =>
      sql`update channel set settings = ${resealed} where name = ${name}
        and settings = ${settings}`,
  }))
}
