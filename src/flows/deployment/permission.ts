import type { Deployment } from '#contract/run/run.ts'
import { decidePermission, type Rules, rulesOf } from '#domains/deployment/permission.ts'
import * as store from '#domains/deployment/store.ts'
import type { PlannedDeployment } from './planned-deployment.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { getDeployment, liveDeployment } from '#views/deployment.ts'
import { peopleOfChange } from '#views/people.ts'

/** How often a waiting deployment checks for decisions and the end of freezes, in milliseconds. */
export const permissionPollMs = 1000

/**
 * Returns `end: null` when the deployment may begin, its end when it may not, and null while it
 * waits.
 */
export async function checkPermission(
  deps: Dependencies,
  plan: PlannedDeployment,
): Promise<{ end: null } | { end: 'failed' | 'superseded'; reason: string } | null> {
  const rules = await permissionRules(deps, plan)
  const deployment = await getDeployment(deps.db, plan.id)
  const { hasKnownAuthor } = await authorsOf(deps, deployment)
  const answer = decidePermission({
    rules,
    hasKnownAuthor,
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

/**
 * The names and e-mail addresses of the authors of what is deployed. Every committer can write any
 * author into a commit, so the author is known only when a user pushed it.
 */
export async function authorsOf(
  { db }: Pick<Dependencies, 'db'>,
  deployment: Deployment | null,
): Promise<{ author: string[]; hasKnownAuthor: boolean }> {
  if (!deployment) return { author: [], hasKnownAuthor: false }
  const { app, kind, actor, change } = deployment
  if (kind === 'configuration') return { author: [actor], hasKnownAuthor: true }
  const people = await peopleOfChange(db, app, change.sha)
  const named = people.flatMap(({ name, email }) => (email === null ? [name] : [name, email]))
  return {
    author: [change.author.name, change.author.email, actor, ...named],
    hasKnownAuthor: people.some(({ isPusher, isUser }) => isPusher && isUser),
  }
}

/** The freezes and approvals of the change, and those of the live release. */
export async function permissionRules(
  deps: Pick<Dependencies, 'db'>,
  plan: Pick<PlannedDeployment, 'app' | 'environment' | 'definition'>,
): Promise<Rules> {
  const live = await liveDeployment(deps.db, plan.app, plan.environment)
  const release = live ? await store.getRelease(deps.db, live.release) : null
  return rulesOf(
    plan.definition.environments[plan.environment],
    release?.definition.environments[plan.environment],
  )
}
