import type { AlertDrift } from '#contract/alert/alert.ts'
import type { DriftMachines } from '#contract/drift/drift.ts'
import { driftMachinesOf, type MachineTimes } from '#domains/drift/machines.ts'
import { listMachineRuns, listMachines } from '#domains/machine/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/**
 * What had changed outside of a deployment when an alert opened: the differences of its environment
 * that began before, and had not ended when the harm began. The newest first.
 */
export async function driftBefore(db: Database, alert: number): Promise<AlertDrift[]> {
  return db.query<AlertDrift>(sql`
    select d.service, d.machine, d.kind, d.name, d.since, d.resolved
    from alert a join drift d on d.app = a.app and d.environment = a.environment
    where a.id = ${alert} and d.since <= a.opened
      and (d.resolved is null or d.resolved >= coalesce(a.onset_from, a.opened))
    order by d.since desc, d.id desc limit 20`)
}

/** An environment whose live release declares machines. */
export interface MachineEnvironment extends MachineTimes {
  app: string
  environment: string
  isChecking: boolean
}

/** Those environments, with the times of the last runs, in order. */
export const machineEnvironments = (db: Database): Promise<MachineEnvironment[]> =>
  db.query<MachineEnvironment>(sql`
    select d.app, d.environment, (extract(epoch from m.applied) * 1000)::float8 as applied,
      (extract(epoch from m.began) * 1000)::float8 as began,
      (extract(epoch from m.checked) * 1000)::float8 as checked,
      coalesce(m."isBusy", false) as "isBusy", coalesce(m."isChecking", false) as "isChecking"
    from deployment d join release r on r.id = d.release
    left join lateral (
      select max(ended) filter (where mode = 'apply') as applied,
        max(started) filter (where mode = 'check') as began,
        max(ended) filter (where mode = 'check') as checked,
        bool_or(ended is null and mode <> 'plan') as "isBusy",
        bool_or(ended is null and mode = 'check') as "isChecking"
      from machine_run where app = d.app and environment = d.environment) m on true
    where d.state = 'live'
      and r.definition -> 'environments' -> d.environment -> 'machines' is not null
    order by d.app, d.environment`)

/** What the last check of the machines shows, for a release; null before the first. */
export async function checkedMachines(
  db: Database,
  place: { app: string; environment: string },
  release: number,
): Promise<DriftMachines | null> {
  const runs = await listMachineRuns(db, { ...place, mode: 'check', limit: 2 })
  const [last, ...before] = runs.filter((run) => run.release === release)
  if (!last) return null
  const ended = last.ended === null ? before[0] : last
  const known = await listMachines(db, place)
  const repeating = new Map(known.map((one) => [one.name, one.repeating ?? []]))
  const machines =
    ended === undefined || ended.state === 'stopped' ? [] : driftMachinesOf(ended, repeating)
  const isCompared = machines.some(({ state }) => state !== 'unknown')
  return {
    ...{ run: last.id, isRunning: last.ended === null, checked: ended?.ended ?? null, machines },
    problem: ended === undefined || isCompared ? null : (ended.reason ?? 'no machine was compared'),
  }
}
