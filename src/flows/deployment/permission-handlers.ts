import type { Decision, Permission } from '#contract/deployment/decision.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import { may } from '#contract/access/grants.ts'
import { mayDecide } from '#domains/deployment/permission.ts'
import * as store from '#domains/deployment/store.ts'
import { appendEvent } from '#engine/events.ts'
import { authorsOf, permissionRules } from './permission.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { mustGet } from './handlers.ts'

/** The endpoints of approvals and freezes. */
export function permissionHandlers(
  deps: Dependencies,
): SomeHandlers<'getPermission' | 'decideDeployment' | 'listTimeLost'> {
  const { db } = deps
  return {
    getPermission: ({ params }) => mustGetPermission(db, params.deployment),
    listTimeLost: async ({ params, query }) => ({
      environments: await store.listTimeLost(db, params.app, query.days),
    }),
    decideDeployment: async ({ params: { deployment: id }, body }, caller) => {
      await decide(deps, id, body, caller)
      return mustGetPermission(db, id)
    },
  }
}

async function mustGetPermission(db: Database, id: number): Promise<Permission> {
  const found = await store.getPermission(db, id)
  if (!found) throw new FairleadError('not_found', { kind: 'deployment', id })
  return found
}

async function decide(
  deps: Dependencies,
  id: number,
  { kind, comment }: { kind: Decision['kind']; comment: string },
  caller: Caller,
): Promise<void> {
  const { db } = deps
  const deployment = await mustGet(db, id)
  const { app, environment, change, run } = deployment
  if (deployment.state !== 'waiting')
    throw new FairleadError('not_now', {
      why: `Deployment ${id} is ${deployment.state}, and does not wait for a decision`,
    })
  if (kind === 'override' && comment === '')
    throw new FairleadError('invalid_input', {
      field: 'body.comment',
      problem: 'is required: give the reason for overriding the freeze',
    })
  const release = await store.getRelease(db, deployment.release)
  if (!release) throw new FairleadError('not_found', { kind: 'release', id: deployment.release })
  const rules = await permissionRules(deps, { app, environment, definition: release.definition })
  const isOperator = may(caller, 'operator', app)
  const authors = await authorsOf(deps, deployment)
  const why = mayDecide(
    kind,
    { name: caller.name, email: caller.email, isOperator },
    { rules, ...authors },
  )
  if (why !== null) throw new FairleadError('not_now', { why })
  await db.batch([
    store.insertDecision(id, { kind, actor: caller.name, comment }),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-deployment.decided',
      subject: `deployment/${id}`,
      chain: change.chain,
      app,
      actor: caller,
      data: { kind, comment, environment, run },
    }),
  ])
}
