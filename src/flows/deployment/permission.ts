import { decidePermission, type Rules, rulesOf } from '#domains/deployment/permission.ts'
import * as store from '#domains/deployment/store.ts'
import type { PlannedDeployment } from './planned-deployment.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** People and calendars are slow; a decision is seen after this long at most. */
export const lookAgainMs = 1000

/** Whether it may begin, or has ended; null while it waits. */
export async function lookForPermission(
  deps: Dependencies,
  plan: PlannedDeployment,
): Promise<{ end: null } | { end: 'failed' | 'superseded'; reason: string } | null> {
  const rules = await permissionRules(deps, plan)
  const deployment = await store.getDeployment(deps.db, plan.id)
  const answer = decidePermission({
    rules,
    decisions: await store.listDecisions(deps.db, plan.id),
    later: await store.laterOfItsKind(deps.db, plan.id),
    asked: Date.parse(deployment?.created ?? ''),
    now: deps.clock.now(),
  })
  const blocked = !answer.go && answer.end === null ? answer : null
  await deps.db.query(
    store.blockDeployment(plan.id, blocked?.blocked ?? null, blocked?.reason ?? null),
  )
  if (answer.go) return { end: null }
  return answer.end === null ? null : { end: answer.end, reason: answer.reason }
}

/** What the change says of the environment, and what the release says that is live there. */
export async function permissionRules(
  deps: Pick<Dependencies, 'db'>,
  plan: Pick<PlannedDeployment, 'app' | 'environment' | 'definition'>,
): Promise<Rules> {
  const live = await store.liveDeployment(deps.db, plan.app, plan.environment)
  const release = live ? await store.getRelease(deps.db, live.release) : null
  return rulesOf(
    plan.definition.environments[plan.environment],
    release?.definition.environments[plan.environment],
  )
}
