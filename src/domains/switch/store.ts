import type { SwitchSetting } from '#contract/switch/switch.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export interface SwitchKey {
  app: string
  environment: string
  name: string
}

/** A switch that was set at least once. */
export interface StoredSwitch extends SwitchKey {
  version: number
  setting: SwitchSetting | null
  reason: string
  actor: string
  changed: string
  pulledBy: string | null
  /** what it was changed for: harms of monitors, and changes on the host */
  causes: string[]
}

export const listStored = (db: Database): Promise<StoredSwitch[]> =>
  db.query<StoredSwitch>(sql`select app, environment, name, version, setting, reason, actor,
      changed, pulled_by as "pulledBy", pulled_for as causes
    from switch order by app, environment, name`)

export async function getStoredSwitch(
  db: Database,
  { app, environment, name }: SwitchKey,
): Promise<StoredSwitch | null> {
  const rows = await db.query<StoredSwitch>(sql`select app, environment, name, version, setting,
      reason, actor, changed, pulled_by as "pulledBy", pulled_for as causes from switch
    where app = ${app} and environment = ${environment} and name = ${name}`)
  return rows[0] ?? null
}

/** A change of a switch, which has the version before it. */
export interface SwitchChange extends SwitchKey {
  /** 0 when it was never set */
  before: number
  setting: SwitchSetting | null
  reason: string
  actor: string
  /** the monitor that turns it off; null for a person */
  pulledBy: string | null
  /** the harm that the monitor found, or the change on the host; null for a person */
  cause: string | null
}

/** Causes that are remembered; a harm is named by its monitor and its beginning. */
const mostCauses = 50

/** Fails, with everything in its batch, when the switch has another version. */
export function setSwitch(change: SwitchChange): Statement {
  const { app, environment, name, before, setting, reason, actor, cause } = change
  const causes = cause === null ? [] : [cause]
  return sql`insert into switch as s (app, environment, name, version, setting, reason, actor,
      pulled_by, pulled_for)
    values (${app}, ${environment}, ${name}, ${before + 1},
      ${setting === null ? null : JSON.stringify(setting)}::jsonb, ${reason}, ${actor},
      ${change.pulledBy}::text, ${causes}::text[])
    on conflict (app, environment, name) do update set
      version = case when s.version = ${before}::int then s.version + 1 end,
      setting = excluded.setting, reason = excluded.reason, actor = excluded.actor,
      changed = now(), pulled_by = excluded.pulled_by,
      pulled_for = (excluded.pulled_for || s.pulled_for)[1:${mostCauses}::int]`
}

/** Forgets how the switches of an environment are set. */
export const deleteSwitches = (app: string, environment: string): Statement =>
  sql`delete from switch where app = ${app} and environment = ${environment}`
