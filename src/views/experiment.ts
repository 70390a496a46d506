import type { Detection, ExperimentRun } from '#contract/experiment/experiment.ts'
import type { ExperimentFile } from '#contract/pipeline-file/experiment-file.ts'
import { experimentFile } from '#contract/pipeline-file/experiment-file.ts'
import { z } from 'zod'
import type { SteadyMonitor } from '#domains/experiment/rules.ts'
import type { FiringSource } from '#domains/experiment/watch.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { monitorOfSource } from './incident.ts'

interface Place {
  app: string
  environment: string
}

/** An environment, and what starts the experiment there. */
interface Occasion extends Place {
  trigger: ExperimentRun['trigger']
}

/**
 * Deployments that wait or are in progress. A delivery keeps its environment until its experiments
 * have ended, so that the deliveries of newer changes wait; a rollback does not.
 */
const isPending = ({ trigger }: Occasion) =>
  sql`state in ('waiting', 'starting', 'verifying', 'canary', 'switching')
    and not (${trigger === 'delivery'} and state = 'waiting' and kind = 'delivery')`

/** The experiments that a live release declares for its environment. */
export interface LiveExperiments extends Place {
  release: number
  chain: string
  experiments: Record<string, ExperimentFile>
}

/** Of one app, or of all. */
export async function liveExperiments(
  db: Database,
  app: string | null,
): Promise<LiveExperiments[]> {
  const rows = await db.query<Omit<LiveExperiments, 'experiments'> & { declared: unknown }>(sql`
    select d.app, d.environment, d.release, c.chain,
      coalesce(r.definition -> 'experiments', '{}') as declared
    from deployment d join release r on r.id = d.release
      join change c on c.app = d.app and c.sha = r.sha
      join environment e on e.app = d.app and e.name = d.environment
    where d.state = 'live' and e.pull_request is null and (${app}::text is null or d.app = ${app})
    order by e.position, d.app, d.environment`)
  return rows.map(({ declared, ...row }) => ({
    ...row,
    experiments: experimentsIn(declared, row.environment),
  }))
}

/** The experiments of a stored definition that may run in an environment. */
function experimentsIn(declared: unknown, environment: string): Record<string, ExperimentFile> {
  const { data = {} } = z.record(z.string(), z.unknown()).safeParse(declared)
  return Object.fromEntries(
    Object.entries(data).flatMap(([name, one]) => {
      const parsed = experimentFile.safeParse(one)
      return parsed.success && parsed.data.environments.includes(environment)
        ? [[name, parsed.data]]
        : []
    }),
  )
}

export const steadyMonitors = (
  db: Database,
  { app, environment }: Place,
): Promise<SteadyMonitor[]> =>
  db.query<SteadyMonitor>(sql`select name, kind, service, state, reason,
      settings is not null as "isDeclared"
    from monitor where app = ${app} and environment = ${environment} order by name, kind`)

/** What fires in an environment now. */
export const firingIn = (db: Database, { app, environment }: Place): Promise<FiringSource[]> =>
  db.query<FiringSource>(sql`
    select name, kind, service, reason from monitor
    where app = ${app} and environment = ${environment} and firing and state <> 'unknown'
    union all
    select s.title, case when s.source like 'crash-loop/%' then 'restarts'
      else split_part(s.source, '/', 1) end, a.service, s.reason
    from alert a join alert_source s on s.alert = a.id
    where a.app = ${app} and a.environment = ${environment} and a.resolved is null
      and s.ended is null and s.source not like 'monitor/%'`)

/** What of an environment decides whether a fault may be made there. */
export interface Calm {
  /** titles of what is open */
  alerts: string[]
  incidents: number[]
  deployments: number[]
  watched: number | null
  isLast: boolean
  /** other machines with a server that answers */
  otherServers: number
}

/** `machine`: that of this server. */
export async function readCalm(db: Database, occasion: Occasion, machine: string): Promise<Calm> {
  const { app, environment } = occasion
  const here = sql`app = ${app} and environment = ${environment}`
  const [row] = await db.query<Calm>(sql`select
    coalesce((select json_agg(a.title order by a.id) from alert a where ${here}
      and a.resolved is null and exists (select from alert_source s
        where s.alert = a.id and s.ended is null)), '[]') as alerts,
    coalesce((select json_agg(id order by id) from incident where app = ${app}
      and (environment is null or environment = ${environment}) and closed is null
      and over is null and merged_into is null), '[]') as incidents,
    coalesce((select json_agg(id order by id) from deployment where ${here}
      and ${isPending(occasion)}), '[]') as deployments,
    (select w.deployment from watch w join deployment d on d.id = w.deployment
      where d.app = ${app} and d.environment = ${environment} and d.state = 'live'
        and w.state = 'watching' order by w.deployment desc limit 1) as watched,
    coalesce((select position = (select max(position) from environment
        where app = ${app} and pull_request is null)
      from environment where app = ${app} and name = ${environment}), true) as "isLast",
    (select count(distinct split_part(id, '/', 1))::int from replica
      where lease > now() and split_part(id, '/', 1) <> ${machine}) as "otherServers"`)
  return row!
}

/**
 * The deployments that wait for an environment or change it now, and the one that has replaced the
 * release of the experiment: a quick one is over between two looks.
 */
export async function pendingIn(
  db: Database,
  occasion: Occasion & { release: number },
): Promise<number[]> {
  const { app, environment, release } = occasion
  const rows = await db.query<{ id: number }>(sql`select id from deployment
    where app = ${app} and environment = ${environment}
      and (${isPending(occasion)} or state = 'live' and release <> ${release}) order by id`)
  return rows.map(({ id }) => id)
}

/** Whether a release has the traffic of its environment. */
export async function isLive(db: Database, release: number): Promise<boolean> {
  const rows = await db.query(
    sql`select from deployment where release = ${release} and state = 'live' limit 1`,
  )
  return rows.length > 0
}

/** The first alert of a monitor or a kind of monitors since a fault was made. */
export async function findDetection(
  db: Database,
  { app, environment }: Place,
  { alert: name, since }: { alert: string; since: string },
): Promise<Detection | null> {
  const [row] = await db.query<Detection>(sql`
    select a.id as alert, a.title,
      (extract(epoch from min(e.time) - ${since}::timestamptz) * 1000)::float8 as "afterMs",
      coalesce((select json_agg(distinct coalesce(n.person, n.channel)) from notification n
        where n.alert = a.id and n.sent >= ${since}::timestamptz), '[]') as notified
    from alert a join alert_entry e on e.alert = a.id
      and e.kind in ('opened', 'joined', 'reopened') and e.time >= ${since}::timestamptz
    where a.app = ${app} and a.environment = ${environment}
      and exists (select from alert_source f left join monitor m on m.id = ${monitorOfSource}
        where f.alert = a.id and (f.ended is null or f.ended >= ${since}::timestamptz)
          and (m.name = ${name} or m.kind = ${name}
            or ${name} = 'restarts' and f.source like 'crash-loop/%'))
    group by a.id, a.title order by min(e.time), a.id limit 1`)
  return row ?? null
}

/** The names of the experiments that run in environments, with the numbers of their runs. */
export const runningExperiments = (
  db: Database,
): Promise<{ app: string; environment: string; name: string; id: number }[]> =>
  db.query(sql`select app, environment, name, id from experiment_run
    where ended is null and made is not null`)
