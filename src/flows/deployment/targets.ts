import { defaultTarget } from '#contract/deployment/target.ts'
import type { EnvironmentFile, PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { distinctTargets, type OpenTarget, targetOf } from '#domains/deployment/open-targets.ts'
import * as store from '#domains/deployment/store.ts'
import { Failed } from '#engine/workflow.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { Dependencies } from '#flows/dependencies.ts'

type Access = Pick<Dependencies, 'db' | 'targets'>

/** The target that a stored release was planned for. */
export async function targetOfRelease(deps: Access, id: number): Promise<OpenTarget> {
  const release = await store.getRelease(deps.db, id)
  if (!release) throw new Failed(`release ${id} no longer exists`)
  return deps.targets.of(release.target)
}

/** The target of a deployment under way. */
export const targetOfPlan = (
  deps: Pick<Dependencies, 'targets'>,
  plan: { definition: PipelineFile; environment: string },
): OpenTarget => deps.targets.of(targetOf(plan.definition, plan.environment))

/** Every target that may hold something. */
export async function targetsInUse(deps: Access): Promise<OpenTarget[]> {
  const choices = [defaultTarget, ...(await store.listTargetsInUse(deps.db))]
  return distinctTargets(choices).map((choice) => deps.targets.of(choice))
}

/** Removes an environment from every target that may hold something of it. */
export async function removeFromTargets(
  deps: Access,
  app: string,
  environment: string,
): Promise<void> {
  const choices = [defaultTarget, ...(await store.listTargets(deps.db, app, environment))]
  for (const choice of distinctTargets(choices))
    await deps.targets.of(choice).removeEnvironment({ app, environment })
}

export interface PlannedEnvironment {
  app: string
  name: string
  position: number
  pullRequest: number | null
  file: Pick<EnvironmentFile, 'port' | 'target'>
}

/**
 * Lets the target of each environment choose its port and URL, and returns the statements that
 * store them. `known` are the stored environments of all apps.
 */
export function planEnvironments(
  deps: Pick<Dependencies, 'targets'>,
  known: store.StoredEnvironment[],
  planned: PlannedEnvironment[],
): { statements: Statement[]; ports: (number | null)[] } {
  const isSame = (one: { app: string; name: string }, other: { app: string; name: string }) =>
    one.app === other.app && one.name === other.name
  const ports = known.map((one) => ({ ...one }))
  const statements = planned.flatMap(({ file, ...environment }) => {
    const current = ports.find((one) => isSame(one, environment))
    const { port, url } = deps.targets.of(file.target).reserve({
      app: environment.app,
      environment: environment.name,
      wanted: file.port,
      current: current?.port ?? null,
      taken: ports.flatMap((one) => (one === current || one.port === null ? [] : [one.port])),
    })
    if (current) current.port = port ?? current.port
    else ports.push({ ...environment, port, target: file.target })
    return store.upsertEnvironment({ ...environment, port, url, target: file.target })
  })
  const portOf = (one: { app: string; name: string }) =>
    ports.find((stored) => isSame(stored, one))?.port ?? null
  return { statements, ports: planned.map(portOf) }
}
