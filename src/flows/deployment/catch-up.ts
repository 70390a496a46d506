import type { HostStatus } from '#contract/host/status.ts'
import { hostsOf, partsOf } from '#domains/deployment/open-targets.ts'
import { catchUpOf, type HeldRelease } from '#domains/deployment/several-hosts.ts'
import { listSeveralHosted, placesUnderWay } from '#domains/deployment/place-store.ts'
import * as store from '#domains/deployment/store.ts'
import type {
  EnvironmentReference,
  Fence,
  ReleaseSpec,
  Target,
} from '#domains/deployment/target.ts'
import type { RemoteHost } from '#domains/deployment/remote-host.ts'
import type { Engine, StepContext, WorkflowContext, WorkflowDefinition } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { NamedHost } from '#flows/host/every-host.ts'
import { liveDeployment, liveDeployments } from '#views/deployment.ts'
import { releaseSpec } from './release-spec.ts'
import { FairleadError } from '#contract/errors.ts'
import { retryWhileUnavailable } from './retry.ts'
import { targetOfRelease } from './targets.ts'

/** Milliseconds between two tries to bring a host to what should be. */
const tryEvery = 60_000

/** Milliseconds that a host may be unavailable meanwhile: deployments wait for the lock. */
const availableMs = 5000

/** Milliseconds that clients have to go to other hosts before one stops. */
const leaveMs = 30_000

/** The hosts on other machines. */
export interface CatchUpHosts {
  named(): NamedHost<{ status(): Promise<HostStatus> }>[]
  remote(name: string): Pick<RemoteHost, 'isDrained'>
}

interface CatchUpInput extends EnvironmentReference {
  host: string
}

/**
 * Starts a workflow for each host that was away and does not have what is live in an environment
 * with several hosts. Those with a deployment under way have to wait for its end.
 */
export async function startCatchUps(
  { db, clock }: Pick<Dependencies, 'db' | 'clock'>,
  engine: Engine,
  hosts: CatchUpHosts,
): Promise<void> {
  const places = await listSeveralHosted(db)
  if (places.length === 0) return
  const found = await Promise.all(
    hosts.named().map(async ({ name, host }) => ({
      ...{ name, status: await host.status().catch(() => null) },
    })),
  )
  const [live, busy] = await Promise.all([liveDeployments(db), placesUnderWay(db)])
  const attempt = Math.floor(clock.now() / tryEvery)
  for (const { app, environment } of places) {
    const isHere = (one: EnvironmentReference): boolean =>
      one.app === app && one.environment === environment
    if (busy.some(isHere)) continue
    const release = live.find(isHere)?.release ?? null
    const target = release === null ? null : await store.getRelease(db, release)
    const names = target ? hostsOf(target.target) : []
    for (const { name, status } of found) {
      if (status === null) continue
      const isWanted = names.includes(name) && !hosts.remote(name).isDrained()
      const wanted = isWanted ? release : null
      if (catchUpOf(wanted, heldOf(status, { app, environment })) === null) continue
      const workflow = {
        ...{ id: `catch-up/${name}/${app}/${environment}/${attempt}`, name: 'catch-up' },
        ...{ chain: `host/${name}`, input: { app, environment, host: name } },
      }
      await db.batch(engine.startStatements(workflow))
    }
  }
}

const heldOf = (
  { releases }: HostStatus,
  { app, environment }: EnvironmentReference,
): HeldRelease[] => releases.filter((one) => one.app === app && one.environment === environment)

/** Brings a host to what is live in an environment. */
export function catchUpWorkflow(
  deps: Dependencies,
  hosts: CatchUpHosts,
): WorkflowDefinition<CatchUpInput, { problem: string | null }> {
  return {
    name: 'catch-up',
    version: 1,
    concurrency: 50,
    run: (ctx, input) => catchUp(ctx, deps, hosts, input),
  }
}

async function catchUp(
  ctx: WorkflowContext,
  deps: Dependencies,
  hosts: CatchUpHosts,
  input: CatchUpInput,
): Promise<{ problem: string | null }> {
  const lock = `environment/${input.app}/${input.environment}`
  // A number of its own, so that no deployment is mistaken for it.
  const deployment = await ctx.step('begin', async () => (await store.nextIds(deps.db)).deployment)
  await ctx.lock(lock, 0)
  const problem = await ctx.step('catch-up', (step) =>
    unlessAway(catchUpHost(deps, step, hosts, input, { deployment, epoch: step.epoch })),
  )
  await ctx.unlock(lock)
  if (problem !== null) deps.log.warn('a host does not have what is live', { ...input, problem })
  return { problem }
}

/** What a host does that is away again is not repeated here, but by the next workflow. */
async function unlessAway(work: Promise<string | null>): Promise<string | null> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof FairleadError) || error.code !== 'unavailable') throw error
    return error.message.replace(/\.$/, '')
  }
}

const untilAvailable = <T>(step: StepContext, call: () => Promise<T>): Promise<T> =>
  retryWhileUnavailable(step, call, availableMs)

async function catchUpHost(
  deps: Dependencies,
  step: StepContext,
  hosts: CatchUpHosts,
  { app, environment, host }: CatchUpInput,
  fence: Fence,
): Promise<string | null> {
  const client = hosts.named().find(({ name }) => name === host)?.host
  if (!client) return 'the host was removed'
  const status = await untilAvailable(step, () => client.status())
  const live = await liveDeployment(deps.db, app, environment)
  const alone = deps.targets.of({ kind: 'process', host })
  const shared = live && partsOf(await targetOfRelease(deps, live.release), alone).shared
  const release = shared && live && !hosts.remote(host).isDrained() ? live.release : null
  const todo = catchUpOf(release, heldOf(status, { app, environment }))
  if (todo === null) return null
  const place = { app, environment }
  const target = shared ?? alone
  if (todo.isRemoved) {
    await untilAvailable(step, () => target.removeEnvironment(place, fence, leaveMs))
    return null
  }
  if (todo.switchTo !== null) {
    // A load balancer must not find a port that answers before the release does.
    const spec = { ...(await releaseSpec(deps, todo.switchTo, fence)), isLate: true }
    const problem = await startAlone(step, target, spec)
    if (problem !== null) return problem
  }
  // Also ends a canary that was given up while the host was away.
  if (release !== null) await untilAvailable(step, () => target.route({ ...place, release }, fence))
  for (const one of todo.stop)
    await untilAvailable(step, () => target.stop({ ...place, release: one }, fence))
  return null
}

/** Starts a release on a host; returns why it is not healthy there, or null. */
async function startAlone(
  step: StepContext,
  target: Target,
  release: ReleaseSpec,
): Promise<string | null> {
  await untilAvailable(step, () => target.start(release))
  for (;;) {
    if (step.signal.aborted) throw step.signal.reason
    const { state, reason } = await untilAvailable(step, () => target.report(release, 1000))
    if (state === 'ready') return null
    if (state !== 'starting') return reason ?? `the release is ${state}`
  }
}
