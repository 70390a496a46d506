import type { Channel } from '#contract/alert/alert.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { SealedValue } from '#platform/secret/secret-box.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export interface StoredChannel extends Channel {
  /** sealed */
  settings: string
}

const columns = sql`name, kind, person, urgency, created, proven`

/** The context that the settings of a channel are sealed with. */
export const sealedAs = (name: string): string => `channel/${name}`

export const listChannels = (db: Database): Promise<Channel[]> =>
  db.query<Channel>(sql`select ${columns} from channel order by name`)

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
      settings = excluded.settings, urgency = excluded.urgency, proven = null
    returning ${columns}`

export const deleteChannel = (name: string): Statement =>
  sql`delete from channel where name = ${name} returning name`

export const markProven = (name: string): Statement =>
  sql`update channel set proven = now() where name = ${name}`

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
