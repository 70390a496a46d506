import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { listAllEnvironments, type StoredEnvironment } from '#domains/deployment/store.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { pendingDeployments } from '#views/deployment.ts'
import { removeEnvironment } from './remove-environment.ts'

/** The endpoint that removes an environment which is no longer in fairlead.yaml. */
export function environmentHandlers(deps: Dependencies): SomeHandlers<'removeEnvironment'> {
  const { db } = deps
  return {
    removeEnvironment: async ({ params: { app, environment: name } }, caller) => {
      const found = (await listAllEnvironments(db, app)).find((one) => one.name === name)
      if (!found)
        throw new FairleadError('not_found', { kind: 'environment', id: `${app}/${name}` })
      const [pending] = await pendingDeployments(db, app, name)
      const why = keptBecause(found, pending?.id ?? null)
      if (why !== null) throw new FairleadError('not_now', { why })
      await removeEnvironment(deps, {
        ...{ app, name, actor: caller, chain: `app/${app}` },
        reason: 'it is no longer in fairlead.yaml',
      })
      return { done: true as const }
    },
  }
}

/** Why an environment cannot be removed, or null. */
export function keptBecause(
  { name, isInFile, pullRequest }: Pick<StoredEnvironment, 'name' | 'isInFile' | 'pullRequest'>,
  pending: number | null,
): string | null {
  if (pullRequest !== null)
    return `${name} belongs to pull request ${pullRequest}, and is removed when that is closed`
  if (isInFile)
    return (
      `${name} is in the fairlead.yaml of the newest run; ` +
      'remove it there and deliver the change first'
    )
  return pending === null
    ? null
    : `Deployment ${pending} is in progress in ${name}; wait for its end, or cancel its run`
}
