import type { Decision, Permission, TimeLost } from '#contract/deployment/decision.ts'
import type { Deployment } from '#contract/run/run.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { TargetChoice } from '#contract/deployment/target.ts'
import { targetOf } from './open-targets.ts'

/**
 * The newest deployment of another commit that is live or was replaced, which a change is compared
 * with.
 */
export async function lastGood(
  db: Database,
  {
    app,
    environment,
    sha,
    before,
  }: { app: string; environment: string; sha: string; before: number },
): Promise<{ run: number; sha: string } | null> {
  const rows = await db.query<{ run: number; sha: string }>(sql`select r.run, r.sha
    from deployment d join release r on r.id = d.release
    where d.app = ${app} and d.environment = ${environment} and d.state in ('live', 'replaced')
      and r.sha <> ${sha} and r.run < ${before}
    order by d.id desc limit 1`)
  return rows[0] ?? null
}

export async function openDeployments(db: Database): Promise<{ id: number; workflow: string }[]> {
  return db.query(
    sql`select id, workflow from deployment
      where state in ('waiting', 'starting', 'verifying', 'canary', 'switching')`,
  )
}

export interface Release {
  id: number
  app: string
  environment: string
  artifact: string
  configuration: number
  run: number
  sha: string
  definition: PipelineFile
  target: TargetChoice
  /** the environment whose configuration the release uses; null for its own */
  takenFrom: string | null
  /** whether the release gets the secrets of that configuration */
  hasSecrets: boolean
}

export async function getRelease(db: Database, id: number): Promise<Release | null> {
  const rows = await db.query<Release>(
    sql`select id, app, environment, artifact, configuration, run, sha, definition, target,
        taken_from as "takenFrom", has_secrets as "hasSecrets"
      from release where id = ${id}`,
  )
  return rows[0] ?? null
}

/** Reserves the ids of a release and a deployment. */
export async function nextIds(db: Database): Promise<{ release: number; deployment: number }> {
  const rows = await db.query<{ release: number; deployment: number }>(
    sql`select nextval(pg_get_serial_sequence('release', 'id')) as release,
      nextval(pg_get_serial_sequence('deployment', 'id')) as deployment`,
  )
  return rows[0] ?? { release: 0, deployment: 0 }
}

export function insertRelease(
  release: Omit<Release, 'target' | 'takenFrom' | 'hasSecrets'> &
    Partial<Pick<Release, 'takenFrom' | 'hasSecrets'>>,
): Statement {
  return sql`insert into release (id, app, environment, artifact, configuration, run, sha,
      definition, target, taken_from, has_secrets)
    values (${release.id}, ${release.app}, ${release.environment}, ${release.artifact},
      ${release.configuration}, ${release.run},
      ${release.sha}, ${release.definition}::json,
      ${targetOf(release.definition, release.environment)}::jsonb,
      ${release.takenFrom ?? null}::text, ${release.hasSecrets ?? true})`
}

export function setReleaseConfiguration(id: number, configuration: number): Statement {
  return sql`update release set configuration = ${configuration} where id = ${id}`
}

/** Records that a release with harm stays, and why. */
export const setStays = (deployment: number, reason: string): Statement =>
  sql`update deployment set stays = ${reason}, stays_since = now() where id = ${deployment}`

export interface NewDeployment {
  id: number
  app: string
  environment: string
  kind: Deployment['kind']
  run: number
  release: number
  actor: string
  workflow: string
}

export function insertDeployment(deployment: NewDeployment): Statement {
  return sql`insert into deployment (id, app, environment, kind, run, release, actor, workflow)
    values (${deployment.id}, ${deployment.app}, ${deployment.environment}, ${deployment.kind},
      ${deployment.run}, ${deployment.release},
      ${deployment.actor}, ${deployment.workflow})`
}

/** Stores what a deployment waits for, and adds up the time it waited for something else. */
export function blockDeployment(
  id: number,
  blocked: 'freeze' | 'approval' | null,
  reason: string | null,
): Statement {
  const lost = (what: string): Statement => sql`case when blocked = ${what}
    then (extract(epoch from now() - blocked_since) * 1000)::bigint else 0 end`
  return sql`update deployment set frozen_ms = frozen_ms + ${lost('freeze')},
      approval_ms = approval_ms + ${lost('approval')}, blocked = ${blocked},
      blocked_since = case when ${blocked}::text is null then null else now() end,
      reason = ${reason}
    where id = ${id} and state = 'waiting'
      and (blocked, reason) is distinct from (${blocked}, ${reason})`
}

/** A later deployment of the same kind that waits for the same environment. */
export async function laterOfItsKind(db: Database, id: number): Promise<number | null> {
  const rows = await db.query<{
    id: number
  }>(sql`select later.id from deployment mine join deployment later
    on later.app = mine.app and later.environment = mine.environment and later.id > mine.id
      and later.state = 'waiting'
      and later.kind = mine.kind
    where mine.id = ${id} order by later.id desc limit 1`)
  return rows[0]?.id ?? null
}

/** Whether a later deployment waits for the environment of this one. */
export async function hasNewerDeployment(db: Database, deployment: number): Promise<boolean> {
  const rows = await db.query(sql`select 1 from deployment mine join deployment later
    on later.app = mine.app and later.environment = mine.environment and later.id > mine.id
      and later.state = 'waiting'
    where mine.id = ${deployment} limit 1`)
  return rows.length > 0
}

export async function listDecisions(db: Database, deployment: number): Promise<Decision[]> {
  return db.query<Decision>(
    sql`select kind, actor, comment, made from decision
      where deployment = ${deployment} order by made`,
  )
}

/** Only the first decision of a kind by each user is stored. */
export function insertDecision(
  deployment: number,
  { kind, actor, comment }: Omit<Decision, 'made'>,
): Statement {
  return sql`insert into decision (deployment, kind, actor, comment)
    values (${deployment}, ${kind}, ${actor}, ${comment})
    on conflict do nothing`
}

export async function getPermission(
  db: Database,
  deployment: number,
): Promise<Omit<Permission, 'denied'> | null> {
  const rows = await db.query<
    Omit<Permission, 'decisions' | 'denied'>
  >(sql`select blocked, blocked_since as since,
      case when blocked is not null then reason end as reason, frozen_ms as "frozenMs",
      approval_ms as "approvalMs" from deployment where id = ${deployment}`)
  return rows[0] ? { ...rows[0], decisions: await listDecisions(db, deployment) } : null
}

/** The time lost by the deployments of the last `days` days; rollbacks never wait. */
export async function listTimeLost(db: Database, app: string, days: number): Promise<TimeLost[]> {
  return db.query<TimeLost>(sql`select e.name as environment, count(w.id)::int as deployments,
      count(*) filter (where w.frozen + w.approval > 0)::int as waited,
      coalesce(sum(w.frozen), 0)::float8 as "frozenMs",
      coalesce(sum(w.approval), 0)::float8 as "approvalMs",
      coalesce(max(w.frozen + w.approval), 0)::float8 as "longestMs"
    from environment e left join (
      select id, app, environment,
        frozen_ms + case when blocked = 'freeze' then now_ms else 0 end as frozen,
        approval_ms + case when blocked = 'approval' then now_ms else 0 end as approval
      from (select *, case when state = 'waiting'
        then extract(epoch from now() - blocked_since) * 1000 else 0 end as now_ms
        from deployment) d
      where kind <> 'rollback' and created > now() - make_interval(days => ${days})) w
      on w.app = e.app and w.environment = e.name
    where e.app = ${app} and e.pull_request is null
    group by e.name, e.position order by e.position, e.name`)
}

export function beginDeployment(id: number, replaces: number | null): Statement {
  return sql`update deployment set state = 'starting', started = now(),
      replaces = ${replaces}::bigint where id = ${id}`
}

export function setDeploymentState(
  id: number,
  state: 'verifying' | 'canary' | 'switching',
): Statement {
  return sql`update deployment set state = ${state} where id = ${id}`
}

/** Stores why a deployment under way does not go on; null when it does. */
export function setReason(id: number, reason: string | null): Statement {
  return sql`update deployment set reason = ${reason}::text where id = ${id} and ended is null`
}

/** Makes a deployment live, and ends the former one as `replaced` or `rolled_back`. */
export function switchDeployments(
  id: number,
  app: string,
  environment: string,
  formerState: 'replaced' | 'rolled_back',
  reason: string | null,
): Statement[] {
  return [
    sql`update deployment set state = ${formerState}, ended = now(),
        reason = coalesce(${reason}::text, reason)
      where app = ${app} and environment = ${environment} and state = 'live' and id <> ${id}`,
    sql`update deployment set state = 'live', live = now() where id = ${id}`,
  ]
}

export function endDeployment(
  id: number,
  state: 'failed' | 'cancelled' | 'superseded' | 'rolled_back',
  reason: string,
): Statement {
  return sql`update deployment set state = ${state}, reason = ${reason}, ended = now()
    where id = ${id} and state in ('waiting', 'starting', 'verifying', 'canary', 'switching')`
}

export interface StoredEnvironment {
  app: string
  name: string
  position: number
  /** the port its target reserved; null for none */
  port: number | null
  /** its domains, the main one first */
  domains: string[]
  /** the target that the newest run asks for */
  target: TargetChoice
  /** the pull request it belongs to; null for an environment of the line */
  pullRequest: number | null
  /** whether the newest run of the branch has it in fairlead.yaml; always true for a preview */
  isInFile: boolean
}

/** The environments of the line that are in fairlead.yaml, in order. */
export async function listEnvironments(db: Database, app?: string): Promise<StoredEnvironment[]> {
  return (await listAllEnvironments(db, app)).filter(
    ({ pullRequest, isInFile }) => pullRequest === null && isInFile,
  )
}

/** The environments of the line, those that left fairlead.yaml, and those of pull requests. */
export async function listAllEnvironments(
  db: Database,
  app?: string,
): Promise<StoredEnvironment[]> {
  return db.query<StoredEnvironment>(sql`select app, name, position, port, target,
      array(select d.name from environment_domain d
        where d.app = environment.app and d.environment = environment.name
        order by d.position) as domains,
      pull_request as "pullRequest", is_in_file as "isInFile" from environment
    where ${app ?? null}::text is null or app = ${app ?? null}::text order by app, position, name`)
}

/** Deletes an environment; its deployments stay. */
export function deleteEnvironment({
  app,
  name,
  reason,
}: {
  app: string
  name: string
  reason: string
}): Statement[] {
  return [
    sql`update deployment set state = 'replaced', ended = now(), reason = ${reason}
      where app = ${app} and environment = ${name} and state = 'live'`,
    sql`delete from held where app = ${app} and environment = ${name}`,
    sql`delete from environment_target where app = ${app} and environment = ${name}`,
    sql`delete from environment where app = ${app} and name = ${name}`,
  ]
}

/** Stores an environment, and the URL that its target answered for it. */
export function upsertEnvironment(
  environment: Omit<StoredEnvironment, 'isInFile' | 'domains'> & { url: string | null },
): Statement[] {
  const { app, name, position, port, target, url, pullRequest } = environment
  return [
    // A target without a port leaves the port to the release that still runs on another target.
    sql`insert into environment (app, name, position, port, target, pull_request)
      values (${app}, ${name}, ${position}, ${port}::int, ${target}::jsonb, ${pullRequest}::int)
      on conflict (app, name) do update set position = excluded.position,
        port = coalesce(excluded.port, environment.port), target = excluded.target,
        is_in_file = true`,
    sql`insert into environment_target (app, environment, target, url)
      values (${app}, ${name}, ${target}::jsonb, ${url}::text)
      on conflict (app, environment, target) do update set url = excluded.url`,
  ]
}

/** Replaces the domains of the environments of an app. */
export function setDomains(app: string, environments: { name: string; domains: string[] }[]) {
  const all = environments.flatMap(({ name, domains }) =>
    domains.map((domain, position) => ({ name: domain, environment: name, position })),
  )
  return [
    sql`delete from environment_domain where app = ${app}`,
    sql`insert into environment_domain (name, app, environment, position)
      select name, ${app}, environment, position
      from jsonb_to_recordset(${JSON.stringify(all)}::jsonb)
        as d(name text, environment text, position int)`,
  ]
}

/** Stores that an environment is no longer in fairlead.yaml. */
export function leaveFile({ app, name }: { app: string; name: string }): Statement {
  return sql`update environment set is_in_file = false where app = ${app} and name = ${name}`
}

/** Takes the port of an environment away. */
export function releasePort({ app, name }: { app: string; name: string }): Statement {
  return sql`update environment set port = null where app = ${app} and name = ${name}`
}

/** Stores the URL of what a target holds of an environment. */
export function setTargetUrl(environment: {
  app: string
  name: string
  target: TargetChoice
  url: string | null
}): Statement {
  const { app, name, target, url } = environment
  return sql`update environment_target set url = ${url}::text
    where app = ${app} and environment = ${name} and target = ${target}::jsonb`
}

/** The targets that hold or held something of an environment. */
export async function listTargets(
  db: Database,
  app: string,
  environment: string,
): Promise<TargetChoice[]> {
  const rows = await db.query<{ target: TargetChoice }>(
    sql`select target from environment_target where app = ${app} and environment = ${environment}`,
  )
  return rows.map(({ target }) => target)
}

/** The targets that may hold more than data of any environment, each once. */
export async function listTargetsInUse(db: Database): Promise<TargetChoice[]> {
  const rows = await db.query<{ target: TargetChoice }>(
    sql`select distinct target from environment_target where holds`,
  )
  return rows.map(({ target }) => target)
}

export function hold(app: string, environment: string, sha: string, reason: string): Statement {
  return sql`insert into held (app, environment, sha, reason)
    values (${app}, ${environment}, ${sha}, ${reason})
    on conflict (app, environment, sha) do update set reason = excluded.reason, created = now()`
}

export function liftHolds(app: string, sha: string): Statement {
  return sql`delete from held where app = ${app} and sha = ${sha}`
}

export async function heldChanges(
  db: Database,
  app: string,
): Promise<{ environment: string; sha: string; reason: string }[]> {
  return db.query(
    sql`select environment, sha, reason from held where app = ${app} order by created desc`,
  )
}
