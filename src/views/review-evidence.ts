import type { ActionProof } from '#contract/review/review.ts'
import type { Evidence } from '#domains/review/proof.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

interface ProofPlace {
  app: string | null
  /** when the incident began, ISO 8601 */
  began: string
}

/** The evidence for an action: the first failure of its proof since then, and its state now. */
export async function evidenceOf(
  db: Database,
  place: ProofPlace,
  proof: ActionProof,
): Promise<Evidence> {
  const rows = await db.query<Evidence>(evidenceQuery(place, proof))
  return rows[0] ?? { failed: null, now: null }
}

function evidenceQuery(place: ProofPlace, proof: ActionProof): Statement {
  if (proof.kind === 'monitor') return monitorEvidence(place, proof)
  if (proof.kind === 'rehearsal') return rehearsalEvidence(place, proof)
  if (proof.kind === 'experiment') return experimentEvidence(place, proof)
  if (proof.kind === 'drift') return driftEvidence(place, proof)
  return runEvidence(place, outcomesOf(proof))
}

/** A monitor fails while it is degraded or down; what the log says of its past counts. */
const monitorEvidence = (
  { app, began }: ProofPlace,
  { environment, name }: { environment: string; name: string },
): Statement => sql`
  select least(min(e.time), case when bool_or(m.state in ('degraded', 'down'))
      then greatest(max(m.since), ${began}::timestamptz) end) as failed,
    case when max(m.id) is null then null else json_build_object('time',
      coalesce(min(m.since) filter (where m.state not in ('up', 'degraded', 'down')), max(m.since)),
      'outcome', case when bool_or(m.state in ('degraded', 'down')) then 'fails'
        when bool_and(m.state = 'up') then 'passes' else 'unknown' end) end as now
  from monitor m left join event e on e.app = ${app}::text
    and e.type = 'dev.cdeventsx.fairlead-monitor.changed' and e.time >= ${began}::timestamptz
    and e.subject = 'monitor/' || m.id and e.data ->> 'state' in ('degraded', 'down')
  where m.app = ${app}::text and m.environment = ${environment} and m.name = ${name}`

/** Days after which a rehearsal says nothing about now. */
const rehearsalDays = 8

const rehearsalEvidence = (
  { app, began }: ProofPlace,
  { environment, service }: { environment: string; service: string },
): Statement => sql`
  select min(h.ended) filter (where h.state = 'fails' and h.ended >= ${began}::timestamptz)
      as failed,
    (array_agg(json_build_object('time', case when h.state = 'returns'
      and h.ended < now() - ${rehearsalDays} * interval '1 day'
      then h.ended + ${rehearsalDays} * interval '1 day' else h.ended end, 'outcome', case
      when h.ended < now() - ${rehearsalDays} * interval '1 day' then 'unknown'
      when h.state = 'returns' then 'passes' when h.state = 'fails' then 'fails'
      else 'unknown' end) order by h.id desc))[1] as now
  from rehearsal h where h.app = ${app}::text and h.environment = ${environment}
    and h.service = ${service}`

/** Days after which a run of an experiment says nothing about now. */
const experimentDays = 90

/** A run that was refused or aborted says nothing. */
const experimentEvidence = (
  { app, began }: ProofPlace,
  { environment, name }: { environment: string; name: string },
): Statement => sql`
  select min(x.ended) filter (where x.state = 'failed' and x.ended >= ${began}::timestamptz)
      as failed,
    (array_agg(json_build_object('time', case when x.state = 'passed' and x.expires < now()
      then x.expires else x.ended end, 'outcome', case when x.expires < now() then 'unknown'
      when x.state = 'passed' then 'passes' when x.state = 'failed' then 'fails'
      else 'unknown' end) order by x.id desc))[1] as now
  from (select id, state, ended, ended + ${experimentDays} * interval '1 day' as expires
    from experiment_run where app = ${app}::text and environment = ${environment}
      and name = ${name} and state in ('passed', 'failed', 'unknown')) x`

/** Hours after which a check of the drift says nothing about now. */
const driftHours = 24

/** Every difference of the environment counts. */
const driftEvidence = (
  { app, began }: ProofPlace,
  { environment }: { environment: string },
): Statement => sql`
  select (select min(greatest(d.since, ${began}::timestamptz)) from drift d
      where d.app = c.app and d.environment = c.environment
        and coalesce(d.resolved >= ${began}::timestamptz, true)) as failed,
    json_build_object('time', case when c.expires < now() then c.expires else c.checked end,
      'outcome', case when c.problem is not null or c.expires < now() then 'unknown'
        when c.total = 0 then 'passes' else 'fails' end) as now
  from (select *, checked + ${driftHours} * interval '1 hour' as expires from drift_check
    where app = ${app}::text and environment = ${environment}) c`

/** The outcomes of a gate, a step or a test in a run `p`: rows of `failed` and `passed`. */
function outcomesOf({ kind, name }: { kind: 'gate' | 'step' | 'test'; name: string }): Statement {
  if (kind === 'gate')
    return sql`select g ->> 'state' = 'failed' as failed, g ->> 'state' = 'passed' as passed
      from summary s, json_array_elements(s.gates) g
      where s.run = p.id and g ->> 'name' = ${name}`
  if (kind === 'step')
    return sql`select s.state = 'failed' as failed, s.state = 'passed' as passed
      from step s where s.run = p.id and s.name = ${name} and s.state in ('failed', 'passed')`
  return sql`select t.outcome in ('failed', 'errored') as failed, t.outcome = 'passed' as passed
    from test_result t join test n on n.id = t.test
      join step s on s.run = t.run and s.name = t.step and s.attempt = t.attempt
    where t.run = p.id and ${name} in (n.name, n.suite || ' › ' || n.name)`
}

/** The newest runs of the branch that say how something is now. */
const newestRuns = 20

/**
 * A failure counts in any run; only the branch says how it is now, which is unknown when a newer
 * run has succeeded without it.
 */
const runEvidence = ({ app, began }: ProofPlace, outcomes: Statement): Statement => sql`
  with run as (
    select p.id, p.ended, p.pull_request, bool_or(o.failed) as failed,
      bool_or(o.passed) and not bool_or(o.failed) as passed
    from pipeline_run p cross join lateral (${outcomes}) o
    where p.id in (select e.id from pipeline_run e
        where e.app = ${app}::text and e.ended >= ${began}::timestamptz
      union (select b.id from pipeline_run b where b.app = ${app}::text
        and b.pull_request is null and b.ended is not null order by b.id desc limit ${newestRuns}))
    group by p.id)
  select min(r.ended) filter (where r.failed and r.ended >= ${began}::timestamptz) as failed,
    (array_agg(json_build_object('time', coalesce((select min(b.ended) from pipeline_run b
      where b.app = ${app}::text and b.pull_request is null and b.state = 'succeeded'
        and b.id > r.id), r.ended), 'outcome', case
      when r.id < (select max(b.id) from pipeline_run b where b.app = ${app}::text
        and b.pull_request is null and b.state = 'succeeded') then 'unknown'
      when r.failed then 'fails' when r.passed then 'passes' else 'unknown' end) order by r.id desc)
      filter (where r.pull_request is null and r.id in (select b.id from pipeline_run b
        where b.app = ${app}::text and b.pull_request is null and b.ended is not null
        order by b.id desc limit ${newestRuns})))[1] as now
  from run r`
