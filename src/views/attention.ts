import { type Attention, attentionKinds } from '#contract/home/home.ts'
import type { PullRequest } from '#contract/pull-request/pull-request.ts'
import type { Run } from '#contract/run/run.ts'
import type { InstanceReport } from '#domains/deployment/target.ts'
import type { StandingEnvironment } from './home.ts'

/** An environment with what its target says. */
export interface ObservedEnvironment extends StandingEnvironment {
  health: 'healthy' | 'unhealthy' | 'empty' | 'unknown'
  instances: Pick<InstanceReport, 'service' | 'index' | 'state' | 'restarts' | 'isLooping'>[]
  /** why its port does not lead to it; null when it does */
  portProblem: string | null
  /** whether a crash loop reports that it is unhealthy */
  hasCrashLoop: boolean
}

/** Everything about an app that can need a person. */
export interface AppSituation {
  app: string
  /** why its repository cannot be read */
  problem: string | null
  environments: ObservedEnvironment[]
  /** the newest run of the branch that has begun */
  run: Run | null
  /** the pull requests from forks that wait for an approval */
  forks: PullRequest[]
}

/** A canary whose time is up gets this many milliseconds to be decided before it needs a person. */
const graceMs = 60_000

/** What needs a person, the most urgent first. `now` is in milliseconds since 1970. */
export function attentionOf(apps: AppSituation[], now: number): Attention[] {
  return apps
    .flatMap((situation) => itemsOf(situation, now))
    .sort(
      (a, b) =>
        attentionKinds.indexOf(a.kind) - attentionKinds.indexOf(b.kind) ||
        (Date.parse(a.since ?? '') || 0) - (Date.parse(b.since ?? '') || 0) ||
        (a.app < b.app ? -1 : a.app > b.app ? 1 : 0),
    )
}

type Item = Pick<Attention, 'kind' | 'title' | 'reason'> & Partial<Attention>

function itemsOf({ app, problem, environments, run, forks }: AppSituation, now: number) {
  const production = environments.findLast(({ isInFile }) => isInFile)
  const ofEnvironments = environments.flatMap((environment) => {
    const isProduction = environment === production
    const items = [
      ...healthItems(environment, isProduction),
      ...rehearsalItems(environment),
      ...driftItems(environment),
      ...switchItems(environment, isProduction),
      ...pendingItems(environment, now),
      ...stoppedItems(environment, run, isProduction),
    ]
    return items.map((item) => ({ environment: environment.name, ...item }))
  })
  const items: Item[] = [
    ...ofEnvironments,
    ...runItems(run, ofEnvironments),
    ...forks.map(forkItem),
    ...(problem === null
      ? []
      : [{ kind: 'repository' as const, title: 'The repository cannot be read', reason: problem }]),
  ]
  return items.map((item): Attention => ({ ...nothing, app, ...item }))
}

const nothing = {
  environment: null,
  run: null,
  deployment: null,
  pullRequest: null,
  incident: null,
  sha: null,
  since: null,
  refusal: null,
}

function healthItems(environment: ObservedEnvironment, isProduction: boolean): Item[] {
  const { name, health, live, instances, portProblem, isInFile, hasCrashLoop } = environment
  const items: Item[] = []
  const deployment = live?.id ?? null
  if (health === 'unhealthy' && !hasCrashLoop) {
    const isDown = !instances.some((one) => one.state === 'healthy' && !one.isLooping)
    items.push({
      kind: isProduction ? 'production_down' : 'environment_down',
      title: `${name} is ${isDown ? 'down' : 'unhealthy'}`,
      reason: instanceSentence(instances),
      deployment,
    })
  }
  if (health === 'unknown')
    items.push({
      kind: isProduction ? 'production_unknown' : 'environment_unknown',
      title: `The state of ${name} is unknown`,
      reason: 'the host or the target of its services does not respond',
      deployment,
    })
  if (portProblem !== null)
    items.push({ kind: 'address', title: `${name} has no address`, reason: portProblem })
  if (!isInFile && live !== null)
    items.push({
      kind: 'environment_left',
      title: `${name} is no longer in fairlead.yaml`,
      reason: 'it still runs: remove it, or add it to fairlead.yaml again',
    })
  return items
}

const rehearsalItems = ({ name, notReturning }: ObservedEnvironment): Item[] =>
  notReturning.map(({ service, reason, since }) => ({
    kind: 'would_not_return',
    title: `${service} in ${name} would not come back after a restart`,
    ...{ reason, since },
  }))

function driftItems({ name, drift }: ObservedEnvironment): Item[] {
  if (drift === null) return []
  const { count, atRestart, first, since } = drift
  const more = count === 1 ? first : `${first}, and ${count - 1} more`
  const restart = atRestart === 0 ? '' : '; the next restart would change what runs'
  return [
    {
      kind: 'drift',
      title: `${name} differs from what is declared`,
      reason: `${more}${restart}`,
      since,
    },
  ]
}

/** A switch expires in the code, so only production names it. */
function switchItems({ name, pulled, expired }: ObservedEnvironment, isProduction: boolean) {
  const off = pulled.map((one): Item => ({
    kind: 'switch_pulled',
    title: `The switch ${one.name} is off in ${name}`,
    reason: `the monitor ${one.by} turned it off: ${one.reason}`,
    since: one.since,
  }))
  const old = expired.map((one): Item => ({
    kind: 'switch_expired',
    title: `The switch ${one.name} has expired`,
    reason: `it expired on ${one.expires}: remove it from the code and from fairlead.yaml`,
    since: new Date(one.expires).toISOString(),
  }))
  return isProduction ? [...off, ...old] : off
}

function instanceSentence(instances: ObservedEnvironment['instances']): string {
  const bad = instances.filter((one) => one.state !== 'healthy' || one.isLooping)
  const [first] = bad
  if (!first) return 'its release is not ready'
  const state = first.isLooping ? 'crash loop' : first.state
  const restarts = first.restarts > 0 ? `, ${first.restarts} restarts` : ''
  const count = `${bad.length} of ${instances.length} instances`
  const verb = bad.length === 1 ? 'is' : 'are'
  return `${count} ${verb} not healthy (${first.service} ${first.index}: ${state}${restarts})`
}

function pendingItems({ name, pending }: ObservedEnvironment, now: number): Item[] {
  if (pending === null) return []
  const { id: deployment, run, sha, since, canary, subject } = pending
  const ids = { deployment, run, sha }
  if (canary !== null) {
    const ends = Date.parse(canary.started) + canary.most
    if (canary.state !== 'waiting' && now < ends + graceMs) return []
    return [
      {
        kind: 'canary_undecided',
        title: `The canary in ${name} is undecided`,
        reason: `“${subject}” has had its time as a canary: promote it or roll it back`,
        since: new Date(ends).toISOString(),
        ...ids,
      },
    ]
  }
  if (pending.blocked !== 'approval') return []
  const what = pending.kind === 'configuration' ? 'the changed configuration' : `“${subject}”`
  return [
    {
      kind: 'approval',
      title: `Approve ${what} for ${name}`,
      reason: pending.reason ?? 'it waits for approval',
      since,
      ...ids,
    },
  ]
}

/** A change that failed or was rolled back, until a newer run has begun or a newer one is live. */
function stoppedItems(
  { name, last, live }: ObservedEnvironment,
  run: Run | null,
  isProduction: boolean,
): Item[] {
  if (last === null || (last.state !== 'failed' && last.state !== 'rolled_back')) return []
  if ((run !== null && run.id > last.run) || (live !== null && live.run >= last.run)) return []
  const { id: deployment, run: ofRun, sha, ended, reason, subject } = last
  const verb = last.state === 'failed' ? 'failed in' : 'was rolled back from'
  return [
    {
      kind: isProduction ? 'production_failed' : 'environment_failed',
      title: `“${subject}” ${verb} ${name}`,
      reason: reason ?? 'its deployment did not become healthy',
      since: ended,
      ...{ deployment, sha },
      run: ofRun,
    },
  ]
}

/** A run that failed before its change reached an environment, or that is suspended. */
function runItems(run: Run | null, ofEnvironments: Item[]): Item[] {
  if (run === null) return []
  const { id, state, reason, ended, change } = run
  const ids = { run: id, sha: change.sha }
  if (state === 'suspended')
    return [
      {
        kind: 'run_suspended',
        title: `Run ${id} of “${change.subject}” is suspended`,
        reason: reason ?? 'the server crashed while it ran: continue or cancel it',
        ...ids,
      },
    ]
  if (state !== 'failed' || ofEnvironments.some((item) => item.run === id)) return []
  return [
    {
      kind: 'run_failed',
      title: `Run ${id} of “${change.subject}” failed`,
      reason: reason ?? 'one of its steps failed',
      since: ended,
      ...ids,
    },
  ]
}

const forkItem = ({ number, title, sha, active, reason, fork }: PullRequest): Item => ({
  kind: 'fork',
  title: `Pull request ${number} of ${fork}: ${title}`,
  reason: reason ?? 'this commit needs an approval to run',
  pullRequest: number,
  sha,
  since: active,
})
