import { decideConfiguration, getStored } from '#domains/configuration/store.ts'
import { leftOut } from '#domains/deployment/several-hosts.ts'
import { setHeld } from '#domains/deployment/place-store.ts'
import * as store from '#domains/deployment/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { moveProblem } from './elsewhere.ts'
import { recordEnd } from './give-up.ts'
import { targetOf } from '#domains/deployment/open-targets.ts'
import {
  factsOf,
  type FormerDeployment,
  type PlannedDeployment,
  subject,
} from './planned-deployment.ts'
import { targetOfPlan, targetOfRelease } from './targets.ts'
import { liveDeployment } from '#views/deployment.ts'

type Admitted =
  | { go: true; former: FormerDeployment | null; leftOut?: string[] }
  | { go: false; state: 'superseded' | 'failed'; reason: string }

/** Decides whether a deployment that has the lock may begin, and gives it its configuration. */
export async function admit(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
): Promise<Admitted> {
  const live = await liveDeployment(deps.db, plan.app, plan.environment)
  const decision = plan.policy.admit({ live, heldIn: await findHold(deps, plan) })
  if (!decision.go) {
    recordEnd(step, plan, decision.state, decision.reason)
    return decision
  }
  const former = live && (await formerOf(deps, plan, live))
  const problem = await moveProblem(deps, plan, former)
  if (problem !== null) {
    recordEnd(step, plan, 'failed', problem)
    return { go: false, state: 'failed', reason: problem }
  }
  await assignConfiguration(deps, step, plan)
  step.write(setHeld(plan, targetOf(plan.definition, plan.environment), true))
  step.write(store.beginDeployment(plan.id, live?.id ?? null))
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-deployment.started',
    data: factsOf(plan),
  })
  return { go: true, former, ...(await hostsLeftOut(deps, plan)) }
}

/** A rollback waits for no host that is away. */
async function hostsLeftOut(
  deps: Dependencies,
  plan: PlannedDeployment,
): Promise<{ leftOut?: string[] }> {
  const { hosts } = targetOfPlan(deps, plan)
  if (!hosts) return {}
  const patienceMs = plan.policy.kind === 'rollback' ? 0 : hosts.patienceMs
  return { leftOut: leftOut(await hosts.ask(), patienceMs) }
}

async function formerOf(
  deps: Dependencies,
  plan: PlannedDeployment,
  { id, release }: { id: number; release: number },
): Promise<FormerDeployment> {
  const target = await targetOfRelease(deps, release)
  return { id, release, sharesTarget: target.id === targetOfPlan(deps, plan).id }
}

async function assignConfiguration(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
): Promise<void> {
  if (plan.policy.configuration === 'recorded') return
  const { app, environment, release } = plan
  const own = await ownConfiguration(deps, plan)
  const { version } = await getStored(deps.db, app, environment)
  step.write(store.setReleaseConfiguration(release, Math.max(version, own)))
  step.write(decideConfiguration(app, environment, own, 'in_force'))
}

/** The version that the deployment brings; 0 when it takes what is in force. */
async function ownConfiguration(deps: Dependencies, plan: PlannedDeployment): Promise<number> {
  if (plan.policy.configuration !== 'own') return 0
  return (await store.getRelease(deps.db, plan.release))?.configuration ?? 0
}

/**
 * Ends a deployment without permission. A configuration that was refused does not come with the
 * next change either; one that was superseded is part of the later one.
 */
export async function refuse(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  { end, reason }: { end: 'failed' | 'superseded'; reason: string },
): Promise<null> {
  if (end === 'failed') {
    const own = await ownConfiguration(deps, plan)
    step.write(decideConfiguration(plan.app, plan.environment, own, 'refused'))
  }
  return recordEnd(step, plan, end, reason)
}

/** The first of this environment and those before it in which the change is held. */
async function findHold(deps: Dependencies, plan: PlannedDeployment): Promise<string | null> {
  const order = Object.keys(plan.definition.environments)
  const position = order.indexOf(plan.environment)
  const holds = await store.heldChanges(deps.db, plan.app)
  const hold = holds.find(
    (held) => held.sha === plan.sha && order.indexOf(held.environment) <= position,
  )
  return hold?.environment ?? null
}
