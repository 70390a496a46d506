import type { TenantRule } from '#contract/host/route.ts'
import type { RolloutState, RolloutTally } from '#contract/switch/rollout.ts'
import type { SwitchChoice, SwitchSetting } from '#contract/switch/switch.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { SwitchKey } from './store.ts'

/** The last gradual change of a switch. */
export interface StoredRollout extends SwitchKey {
  id: string
  /** the version of the switch after the last step */
  version: number
  serve: SwitchChoice
  /** the setting before; null: the default of the file */
  fallback: SwitchSetting | null
  key: TenantRule
  steps: number[]
  /** milliseconds that each share is in force at least */
  every: number
  alpha: number
  step: number
  state: RolloutState
  reason: string
  /** what each host counted, by its name */
  counts: Record<string, RolloutTally[]>
  started: string
  stepBegan: string
}

export const listRollouts = (db: Database): Promise<StoredRollout[]> =>
  db.query<StoredRollout>(sql`select app, environment, name, id, version, serve, fallback, key,
      steps, every_ms::float8 as every, alpha, step, state, reason, counts, started,
      step_began as "stepBegan"
    from switch_rollout order by app, environment, name`)

/** Whether Fairlead still decides about it. */
export const isGoingOn = ({ state }: Pick<StoredRollout, 'state'>): boolean =>
  state === 'running' || state === 'waiting'

type NewRollout = Omit<
  StoredRollout,
  'step' | 'state' | 'reason' | 'counts' | 'started' | 'stepBegan'
>

/** Begins a gradual change, which takes the place of the last one. */
export const insertRollout = (one: NewRollout): Statement =>
  sql`insert into switch_rollout (app, environment, name, id, version, serve, fallback, key, steps,
      every_ms, alpha)
    values (${one.app}, ${one.environment}, ${one.name}, ${one.id}, ${one.version},
      ${JSON.stringify(one.serve)}::jsonb,
      ${one.fallback === null ? null : JSON.stringify(one.fallback)}::jsonb,
      ${JSON.stringify(one.key)}::jsonb, ${one.steps}::float8[], ${one.every}, ${one.alpha})
    on conflict (app, environment, name) do update set id = excluded.id,
      version = excluded.version, serve = excluded.serve, fallback = excluded.fallback,
      key = excluded.key, steps = excluded.steps, every_ms = excluded.every_ms,
      alpha = excluded.alpha, step = 0, state = 'running', reason = '', counts = '{}',
      started = now(), step_began = now()`

/** Stores what a host has counted since the change began. */
export const setRolloutCounts = (id: string, host: string, tallies: RolloutTally[]): Statement =>
  sql`update switch_rollout set counts = counts ||
      ${JSON.stringify({ [host]: tallies })}::jsonb
    where id = ${id} and state in ('running', 'waiting')`

/** Records a decision; `version` is that of the switch after it. */
export const setRollout = (
  { id, step: before }: Pick<StoredRollout, 'id' | 'step'>,
  to: { state: RolloutState; reason: string; step: number; version: number },
): Statement =>
  sql`update switch_rollout set state = ${to.state}, reason = ${to.reason}, step = ${to.step},
      version = ${to.version},
      step_began = case when step = ${to.step}::int then step_began else now() end
    where id = ${id} and step = ${before}`

/** Forgets the gradual changes of an environment. */
export const deleteRollouts = (app: string, environment: string): Statement =>
  sql`delete from switch_rollout where app = ${app} and environment = ${environment}`
