import type { Decision, Permission } from '#contract/deployment/decision.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { Deployment } from '#contract/run/run.ts'
import { may } from '#contract/access/grants.ts'
import { mayDecide } from '#domains/deployment/permission.ts'
import * as store from '#domains/deployment/store.ts'
import { appendEvent } from '#engine/events.ts'
import { authorsOf, permissionRules } from './permission.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { mustGet } from './handlers.ts'

/** The endpoints of approvals and freezes. */
export function permissionHandlers(
  deps: Dependencies,
): SomeHandlers<'getPermission' | 'decideDeployment' | 'listTimeLost'> {
  const { db } = deps
  return {
    getPermission: ({ params }, caller) => permissionOf(deps, params.deployment, caller),
    listTimeLost: async ({ params, query }) => ({
      environments: await store.listTimeLost(db, params.app, query.days),
    }),
    decideDeployment: async ({ params: { deployment: id }, body }, caller) => {
      await decide(deps, id, body, caller)
      return permissionOf(deps, id, caller)
    },
  }
}

async function permissionOf(deps: Dependencies, id: number, caller: Caller): Promise<Permission> {
  const deployment = await mustGet(deps.db, id)
  const found = await store.getPermission(deps.db, id)
  if (!found) throw new FairleadError('not_found', { kind: 'deployment', id })
  const denial = await denialsOf(deps, deployment, caller)
  const [approve, refuse, override] = [denial('approve'), denial('refuse'), denial('override')]
  return { ...found, denied: { approve, refuse, override } }
}

/** Why a caller may not make a decision about a deployment; null when they may. */
async function denialsOf(
  deps: Dependencies,
  deployment: Deployment,
  caller: Caller,
): Promise<(kind: Decision['kind']) => string | null> {
  const { id, app, environment, state } = deployment
  if (state !== 'waiting')
    return () => `Deployment ${id} is ${state}, and does not wait for a decision`
  if (!may(caller, 'developer', app)) return () => `Only a developer of ${app} can decide this`
  const release = await store.getRelease(deps.db, deployment.release)
  if (!release) throw new FairleadError('not_found', { kind: 'release', id: deployment.release })
  const rules = await permissionRules(deps, { app, environment, definition: release.definition })
  const who = {
    ...{ name: caller.name, email: caller.email },
    isOperator: may(caller, 'operator', app),
  }
  const deciders = { rules, ...(await authorsOf(deps, deployment)) }
  return (kind) => mayDecide(kind, who, deciders)
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
  const why = (await denialsOf(deps, deployment, caller))(kind)
  if (why !== null) throw new FairleadError('not_now', { why })
  if (kind === 'override' && comment === '')
    throw new FairleadError('invalid_input', {
      field: 'body.comment',
      problem: 'is required: give the reason for overriding the freeze',
    })
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
