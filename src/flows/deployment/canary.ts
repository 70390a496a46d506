import { type CanaryFile, stepsOf } from '#contract/pipeline-file/canary-file.ts'
import type { Judgement, Look } from '#contract/verdict/verdict.ts'
import { createJudge } from '#domains/verdict/statistics/judge.ts'
import {
  type CanaryDecision,
  decideCanary,
  rateOf,
  settingsOf,
  shareAt,
} from '#domains/verdict/canary.ts'
import * as deployments from '#domains/deployment/store.ts'
import { totalOf } from '#domains/deployment/several-hosts.ts'
import type { CountPlace } from '#domains/deployment/remote-host.ts'
import type { CanaryShare, Target, TrafficShare } from '#domains/deployment/target.ts'
import { latencyOf } from '#domains/verdict/served.ts'
import * as verdicts from '#domains/verdict/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import { freshOf, isFreshNeeded, startFresh } from './fresh-baseline.ts'
import { retryWhileUnavailable, pause } from './retry.ts'
import {
  environmentOf,
  factsOf,
  fenceOf,
  type PlannedDeployment,
  subject,
} from './planned-deployment.ts'
import { createSampler } from './canary-metrics.ts'
import { exceptionReader } from './canary-exceptions.ts'
import { answering, targetOfPlan } from './targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { supersededSince } from '#views/canary.ts'

/** How long one poll waits for new counts, in milliseconds: the longest delay of a decision. */
const pollMs = 250
/** How often the database and the health of the release are checked, in milliseconds. */
const checkMs = 1000
/** After this time the outcome of every request is known, in milliseconds. */
const settledAfterMs = 11_000

export type CanaryOutcome =
  | { end: 'promote'; isProven: boolean }
  | { end: 'take back' | 'give up'; reason: string }

/**
 * Assigns a growing share of the requests to a release, and judges the release after every batch
 * until the verdict is final. Counts are stored before they are judged, so that a restarted server
 * continues with all of them. A harmful canary loses its traffic before anything else happens.
 */
export async function runCanary(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: { release: number },
): Promise<CanaryOutcome> {
  const file = environmentOf(plan)?.canary
  if (!file) return { end: 'promote', isProven: true }
  const target = targetOfPlan(deps, plan)
  const { share: traffic } = target
  if (!traffic) return { end: 'promote', isProven: true }
  const fence = fenceOf(plan, step)
  const stored = await begin(deps, step, plan, former, file)
  const judge = createJudge(stored.settings)
  const looks = await verdicts.listLooks(deps.db, plan.id)
  const begun = Date.parse(stored.started)
  /** End of the time in which the outcome of every request is known, in milliseconds. */
  let known = begun
  const see = (look: Look): void => {
    judge.see(look)
    known = look.batches.at(-1)?.at ?? known
  }
  for (const look of looks) see(look)
  let { places, share, state } = stored
  let number = looks.length
  let wasOver = looks.some((look) => look.isOver === true)
  const fresh = stored.fresh ? freshOf(former.release) : undefined
  const sampler = createSampler({ ...deps, target }, file, {
    baseline: { ...plan, release: fresh ?? former.release },
    canary: plan,
  })
  let earlier =
    looks.length > 0 || fresh ? null : await latencyBefore(traffic, plan, former.release)
  const readExceptions = exceptionReader(deps, plan, former, stored.started)
  const assign = (next: number): Promise<void> =>
    retryWhileUnavailable(step, () =>
      traffic.split(plan, former.release, { ...shareOf(plan, file, fresh), share: next }, fence),
    )
  await assign(share)
  let checked = -Infinity
  let shown = -Infinity
  let checks = {
    sick: null as string | null,
    hasNewerDeployment: false,
    contestedSince: begun,
    promotedBy: null as string | null,
  }
  for (;;) {
    if (step.signal.aborted) throw step.signal.reason
    const now = deps.clock.monotonic()
    const isDue = now - checked > checkMs
    if (isDue) {
      checks = await checkState({ ...deps, target }, step, plan)
      checked = now
    }
    const { batches, next, ...seen } = await observe({ ...deps, traffic }, step, plan, places)
    const pending = now - shown > checkMs ? seen.pending : undefined
    if (pending) shown = now
    const exceptions = isDue ? await readExceptions() : null
    const elapsed = deps.clock.now() - begun
    const isOver = elapsed >= file.most
    const isFirstOver = isOver && !wasOver
    const look: Look = {
      ...(earlier && { earlier }),
      ...{ batches, sample: sampler.taken() },
      ...(pending && { pending }),
      ...(exceptions && { exceptions }),
      ...(isFirstOver && { isOver: true }),
    }
    if (totalOf(next) > totalOf(places) || look.sample || pending || exceptions || isFirstOver) {
      for (const statement of verdicts.insertLook(plan.id, number, next, look))
        step.write(statement)
      see(look)
      number += 1
      places = next
      earlier = null
      wasOver = isOver
    }
    const observed = Math.max(known - begun, elapsed - settledAfterMs, 0)
    const judgement = judge.judge({ isOver })
    const isVerified = plan.policy.isVerified && environmentOf(plan)?.verify !== undefined
    const { baseline, canary } = judgement.errors
    const decision = decideCanary({
      ...{ elapsed, observed, plan: file, judgement, isVerified, ...checks },
      perSecond: rateOf(baseline.requests + canary.requests, observed, file),
      contested: deps.clock.now() - checks.contestedSince,
    })
    if (decision.do === 'take back')
      await retryWhileUnavailable(step, async () =>
        (await answering(target)).route({ ...plan, release: former.release }, fence),
      )
    if (decision.do !== 'go on' && decision.do !== 'wait')
      return end(step, plan, decision, judgement, isOver)
    if (decision.share > share) {
      share = decision.share
      await assign(share)
      step.write(verdicts.setShare(plan.id, share))
      step.emit({
        ...subject(plan),
        type: 'dev.cdeventsx.fairlead-verdict.shared',
        data: { ...factsOf(plan), share },
      })
    }
    if (decision.do === 'wait' && state === 'running') {
      state = 'waiting'
      step.write(verdicts.setVerdictState(plan.id, 'waiting'))
      step.write(
        deployments.setReason(plan.id, `the canary waits for a decision: ${decision.reason}`),
      )
      step.emit({
        ...subject(plan),
        type: 'dev.cdeventsx.fairlead-verdict.waiting',
        data: { ...factsOf(plan), reason: decision.reason },
      })
    }
    await step.flush()
  }
}

function shareOf(
  plan: PlannedDeployment,
  file: CanaryFile,
  fresh: number | undefined,
): Omit<CanaryShare, 'share'> {
  return {
    release: plan.release,
    ...(fresh === undefined ? {} : { fresh }),
    ...(file.session === undefined ? {} : { session: file.session }),
    ...(file.tenant === undefined ? {} : { tenant: file.tenant }),
    routes: routesOf(file),
  }
}

/** The latencies of a release in its last minutes; null when nothing is known about them. */
async function latencyBefore(
  traffic: TrafficShare,
  plan: PlannedDeployment,
  release: number,
): Promise<Look['earlier'] | null> {
  const answer = await traffic.served(plan, null).catch(() => null)
  const latency = latencyOf(answer?.seconds.filter((one) => one.release === release) ?? [])
  return latency.length > 0 ? latency : null
}

/** The routes that the target counts separately. */
const routesOf = ({ metrics }: CanaryFile): Record<string, string> =>
  Object.fromEntries(
    Object.entries(metrics).flatMap(([name, { route }]) =>
      route === undefined ? [] : [[name, route]],
    ),
  )

async function begin(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: { release: number },
  file: CanaryFile,
): Promise<verdicts.StoredVerdict> {
  const existing = await verdicts.getVerdict(deps.db, plan.id)
  if (existing) return existing
  const { least, most } = file
  const isNeeded = await isFreshNeeded(deps, plan, { former: former.release, canary: file })
  const fresh = isNeeded && (await startFresh(deps, step, plan, former.release))
  const share = shareAt(0, file)
  step.write(
    verdicts.insertVerdict({
      deployment: plan.id,
      baseline: former.release,
      fresh,
      share,
      steps: stepsOf(file).map((percent) => percent / 100),
      least,
      most,
      settings: settingsOf(file),
    }),
  )
  step.write(deployments.setDeploymentState(plan.id, 'canary'))
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-verdict.started',
    data: { ...factsOf(plan), share, baseline: former.release, fresh },
  })
  await step.flush()
  const stored = await verdicts.getVerdict(deps.db, plan.id)
  if (!stored) throw new Error(`the verdict of deployment ${plan.id} was not stored`)
  return stored
}

async function checkState(
  deps: Pick<Dependencies, 'db'> & { target: Target },
  step: StepContext,
  plan: PlannedDeployment,
) {
  const [stored, hasNewerDeployment, superseded, report] = await Promise.all([
    verdicts.getVerdict(deps.db, plan.id),
    deployments.hasNewerDeployment(deps.db, plan.id),
    supersededSince(deps.db, plan.id),
    retryWhileUnavailable(step, () => deps.target.report(plan, 0)),
  ])
  const sick =
    report.state === 'ready'
      ? null
      : `the canary does not stay up: ${report.reason ?? `its release is ${report.state}`}`
  return {
    ...{ sick, hasNewerDeployment, promotedBy: stored?.promotedBy ?? null },
    contestedSince: Date.parse(superseded ?? stored?.started ?? ''),
  }
}

/** The counts since a position; waits briefly for new ones. */
async function observe(
  deps: Pick<Dependencies, 'clock'> & { traffic: TrafficShare },
  step: StepContext,
  plan: PlannedDeployment,
  after: CountPlace,
) {
  const began = deps.clock.monotonic()
  const seen = await retryWhileUnavailable(step, () =>
    deps.traffic.observations(plan, after, pollMs),
  )
  // Some targets do not wait: poll them with a pause.
  if (totalOf(seen.next) === totalOf(after) && deps.clock.monotonic() - began < pollMs / 2)
    await pause(step, pollMs)
  return seen
}

const ends = { promote: 'promoted', 'take back': 'taken_back', 'give up': 'given_up' } as const

/** Records the end of a canary, and holds a harmful change. */
function end(
  step: StepContext,
  plan: PlannedDeployment,
  decision: Extract<CanaryDecision, { do: keyof typeof ends }>,
  judgement: Judgement,
  isOver: boolean,
): CanaryOutcome {
  step.write(verdicts.setDecided(plan.id, judgement, isOver))
  step.write(verdicts.setVerdictState(plan.id, ends[decision.do]))
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-verdict.finished',
    data: {
      ...factsOf(plan),
      verdict: judgement.verdict,
      state: ends[decision.do],
      reason: decision.reason,
    },
  })
  if (decision.do === 'promote') {
    step.write(deployments.setDeploymentState(plan.id, 'switching'))
    step.write(deployments.setReason(plan.id, null))
    return { end: 'promote', isProven: decision.isProven }
  }
  if (decision.do === 'take back' && plan.policy.holdsHarmfulChange) {
    step.write(deployments.hold(plan.app, plan.environment, plan.sha, decision.reason))
    step.emit({
      type: 'dev.cdeventsx.fairlead-change.held',
      subject: `change/${plan.sha}`,
      app: plan.app,
      actor: plan.actor,
      data: { environment: plan.environment, reason: decision.reason },
    })
  }
  return { end: decision.do, reason: decision.reason }
}
