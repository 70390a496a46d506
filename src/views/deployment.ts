import type { Deployment } from '#contract/run/run.ts'
import type { PastDeployment } from '#domains/deployment/deployment.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'

/** Columns of a deployment joined with its release and change, in the names of the contract. */
const columns = sql`d.id, d.app, d.environment, d.kind, d.state,
  coalesce('suspended: ' || w.reason, d.reason) as reason, d.run, d.release,
  r.artifact, r.configuration, d.actor, d.created, d.started, d.live, d.ended,
  case when d.live is not null then t.url end as url,
  json_build_object('app', c.app, 'sha', c.sha, 'base', c.base, 'branch', c.branch,
    'subject', c.subject, 'author', c.author, 'committed', c.committed, 'received', c.received,
    'chain', c.chain) as change`
const fromDeployments = sql`from deployment d join release r on r.id = d.release
  join change c on c.app = d.app and c.sha = r.sha
  left join environment_target t
    on t.app = d.app and t.environment = d.environment and t.target = r.target
  left join workflow w on d.ended is null and w.id = d.workflow and w.state = 'suspended'`

const select = (db: Database, tail: Statement): Promise<Deployment[]> =>
  db.query<Deployment>(sql`select ${columns} ${fromDeployments} ${tail}`)

export async function getDeployment(db: Database, id: number): Promise<Deployment | null> {
  return (await select(db, sql`where d.id = ${id}`))[0] ?? null
}

export interface DeploymentFilter {
  app?: string | undefined
  /** only deployments of these apps; null for all apps */
  apps?: string[] | null
  /** without it, deployments of pull requests are left out */
  environment?: string | undefined
  state?: string | undefined
  /** only deployments with a lower number */
  before?: number | undefined
  limit: number
}

/** Newest first. */
export async function listDeployments(
  db: Database,
  filter: DeploymentFilter,
): Promise<Deployment[]> {
  const where = [filter.environment === undefined ? sql`d.environment !~ '^pr-[0-9]+$'` : sql`true`]
  if (filter.app !== undefined) where.push(sql`d.app = ${filter.app}`)
  if (filter.apps) where.push(sql`d.app = any(${filter.apps}::text[])`)
  if (filter.environment !== undefined) where.push(sql`d.environment = ${filter.environment}`)
  if (filter.state !== undefined) where.push(sql`d.state = ${filter.state}`)
  if (filter.before !== undefined) where.push(sql`d.id < ${filter.before}`)
  return select(db, sql`where ${join(where, ' and ')} order by d.id desc limit ${filter.limit}`)
}

/** The deployments of some runs, newest first. */
export async function deploymentsOfRuns(db: Database, runs: number[]): Promise<Deployment[]> {
  return runs.length === 0 ? [] : select(db, sql`where d.run = any(${runs}) order by d.id desc`)
}

/** The deployment that has the traffic of an environment. */
export async function liveDeployment(
  db: Database,
  app: string,
  environment: string,
): Promise<Deployment | null> {
  const [live] = await select(
    db,
    sql`where d.app = ${app} and d.environment = ${environment} and d.state = 'live'`,
  )
  return live ?? null
}

/** The deployments of an environment that wait or are in progress, newest first. */
export async function pendingDeployments(
  db: Database,
  app: string,
  environment: string,
): Promise<Deployment[]> {
  return select(
    db,
    sql`where d.app = ${app} and d.environment = ${environment}
      and d.state in ('waiting', 'starting', 'verifying', 'canary', 'switching')
      order by d.id desc limit 20`,
  )
}

/** The hosts of what is live in each environment; none on the machine of the server. */
export const liveHosts = (
  db: Database,
): Promise<{ app: string; environment: string; release: number; hosts: string[] }[]> =>
  db.query(sql`select d.app, d.environment, d.release, coalesce(
      array(select jsonb_array_elements_text(r.target -> 'hosts')),
      array_remove(array[r.target ->> 'host'], null)) as hosts
    from deployment d join release r on r.id = d.release
    where d.state = 'live' order by d.app, d.environment`)

/** The deployments that have the traffic of an environment, of every app. */
export const liveDeployments = (db: Database): Promise<Deployment[]> =>
  select(db, sql`where d.state = 'live' order by d.id`)

/** The last deployment of an environment that failed, unless a later one had the traffic. */
export async function lastFailure(
  db: Database,
  app: string,
  environment: string,
): Promise<Deployment | null> {
  const here = sql`d.app = ${app} and d.environment = ${environment}`
  const [last] = await select(
    db,
    sql`where ${here} and d.started is not null and d.kind <> 'rollback'
      and d.state in ('live', 'replaced', 'failed', 'rolled_back') order by d.id desc limit 1`,
  )
  return last?.state === 'failed' || last?.state === 'rolled_back' ? last : null
}

/**
 * The last hundred deployments that had the traffic of an environment, newest first. A release is
 * proven by its canary or by a watch that ended well; a rollback proves nothing.
 */
export async function pastDeployments(
  db: Database,
  app: string,
  environment: string,
): Promise<PastDeployment[]> {
  return db.query<PastDeployment>(sql`select d.id, d.state, d.release, r.sha, d.live, r.target,
      a.removed is null as "artifactKept", coalesce(bool_or(d.kind <> 'rollback'
        and coalesce(v.decided ->> 'verdict' = 'healthy' or w.state = 'healthy',
          w.state is null and v.state is null))
        over (partition by d.release), false) as "isProven",
      not exists (select from before_command c where c.app = d.app
        and c.environment = d.environment and c.started > d.live and not c.is_compatible
        and c.run <> d.run) as "isCompatible"
    from (select * from deployment
      where app = ${app} and environment = ${environment} and live is not null
      order by id desc limit 100) d
    join release r on r.id = d.release join artifact a on a.digest = r.artifact
    left join watch w on w.deployment = d.id left join verdict v on v.deployment = d.id
    order by d.id desc`)
}
