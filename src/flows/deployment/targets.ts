import { defaultTarget } from '#contract/deployment/target.ts'
import { FairleadError } from '#contract/errors.ts'
import type { EnvironmentFile, PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { domainProblem } from '#domains/deployment/domains.ts'
import {
  distinctTargets,
  hostsOf,
  type OpenTarget,
  targetOf,
} from '#domains/deployment/open-targets.ts'
import { planPorts, type PortPlan } from '#domains/deployment/ports.ts'
import * as store from '#domains/deployment/store.ts'
import type { Target } from '#domains/deployment/target.ts'
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

/** The target of a deployment under way, without the hosts that it goes on without. */
export function targetOfPlan(
  deps: Pick<Dependencies, 'targets'>,
  plan: { definition: PipelineFile; environment: string; leftOut?: string[] },
): OpenTarget {
  const target = deps.targets.of(targetOf(plan.definition, plan.environment))
  const { leftOut = [] } = plan
  if (leftOut.length === 0 || !target.hosts) return target
  return {
    ...target,
    ...target.hosts.on(target.hosts.names.filter((one) => !leftOut.includes(one))),
  }
}

/**
 * A target without those of its several hosts that do not answer now or are drained: what returns
 * to what was, or cleans up, must not wait for them. They are brought to what should be when they
 * are back.
 */
export async function answering<T extends Target>(target: T): Promise<T> {
  if (!target.hosts) return target
  const asked = await target.hosts.ask()
  const there = asked
    .filter(({ awayMs, isDrained }) => awayMs === null && !isDrained)
    .map(({ name }) => name)
  return { ...target, ...target.hosts.on(there) }
}

/** The name that selects `hosts` of an environment: that of its host, or of this machine. */
export const hostNameOf = (
  { hostName }: Pick<Dependencies, 'hostName'>,
  definition: Pick<PipelineFile, 'environments'>,
  environment: string,
): string => hostsOf(targetOf(definition, environment))[0] ?? hostName

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

/**
 * With several hosts, one that does not answer for as long as calls are repeated fails the
 * deployment at once, so that all of them return to what was.
 */
export async function failIfAway<T>(target: Target, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (target.hosts && error instanceof FairleadError && error.code === 'unavailable')
      throw new Failed(error.message.replace(/\.$/, ''))
    throw error
  }
}

export interface PlannedEnvironment {
  app: string
  name: string
  position: number
  pullRequest: number | null
  file: Pick<EnvironmentFile, 'port' | 'target'> & Partial<Pick<EnvironmentFile, 'domains'>>
}

export type EnvironmentPlan =
  | { problem: null; statements: Statement[]; ports: (number | null)[]; released: string[] }
  | { problem: string }

/**
 * Lets the target of each environment choose its port and URL, and returns the statements that
 * store them, or why an environment cannot have its port or its domains. `known` are the stored
 * environments of all apps; `released` are the names of those that lose their port and are not
 * planned.
 */
export async function planEnvironments(
  deps: Pick<Dependencies, 'targets' | 'ports'>,
  known: store.StoredEnvironment[],
  planned: PlannedEnvironment[],
): Promise<EnvironmentPlan> {
  const problem = domainProblem(
    planned.map(({ app, name, file }) => ({ app, name, domains: domainsOf(file) })),
    known,
  )
  if (problem !== null) return { problem }
  const plan = await planFreePorts(deps, known, planned)
  if (plan.problem !== null) return plan
  const { ports } = plan
  const isPlanned = ({ name }: { name: string }): boolean =>
    planned.some((environment) => environment.name === name)
  const left = plan.released.filter((one) => !isPlanned(one))
  const upserts = planned.flatMap(({ file, ...environment }, i) => {
    const port = ports[i] ?? null
    const { url } = deps.targets.of(file.target).reserve({
      ...{ app: environment.app, environment: environment.name },
      ...{ wanted: file.port, current: port, taken: [], domains: domainsOf(file) },
    })
    return store.upsertEnvironment({ ...environment, port, url, target: file.target })
  })
  return {
    problem: null,
    statements: [
      ...plan.released.map(store.releasePort),
      ...left.flatMap((one) => forgetPort(deps, known, one)),
      ...upserts,
      ...domainStatements(planned),
    ],
    ports,
    released: left.map(({ name }) => name),
  }
}

const domainsOf = ({ domains = [] }: PlannedEnvironment['file']): string[] =>
  domains.map(({ name }) => name)

/** The domains of the line of an app; the environments of pull requests have none. */
function domainStatements(planned: PlannedEnvironment[]): Statement[] {
  const line = planned.filter(({ pullRequest }) => pullRequest === null)
  const [first] = line
  if (first === undefined) return []
  return store.setDomains(
    first.app,
    line.map(({ name, file }) => ({ name, domains: domainsOf(file) })),
  )
}

/** The URL of an environment that has lost its port. */
function forgetPort(
  deps: Pick<Dependencies, 'targets'>,
  known: store.StoredEnvironment[],
  { app, name }: { app: string; name: string },
): Statement[] {
  const target = known.find((one) => one.app === app && one.name === name)?.target
  if (!target) return []
  const [url = null] = deps.targets.of(target).urls({ app, environment: name, port: null })
  return [store.setTargetUrl({ app, name, target, url })]
}

/** Plans the ports; one that Fairlead chooses is a port that no other program uses. */
async function planFreePorts(
  deps: Pick<Dependencies, 'targets' | 'ports'>,
  known: store.StoredEnvironment[],
  planned: PlannedEnvironment[],
): Promise<PortPlan> {
  const requests = planned.map(({ app, name, pullRequest, file }) => {
    const target = deps.targets.of(file.target)
    return {
      ...{ app, name, pullRequest },
      wanted: target.capabilities.includes('port') ? file.port : undefined,
      reserve: (request: { current: number | null; taken: number[] }) =>
        target.reserve({ app, environment: name, wanted: file.port, ...request }).port,
    }
  })
  const foreign: number[] = []
  for (;;) {
    const { reserved } = deps.ports
    const plan = planPorts({ requests, known, reserved, foreign })
    if (plan.problem !== null) return plan
    const chosen = plan.ports.filter(
      (port, i) =>
        port !== null &&
        requests[i]?.wanted === undefined &&
        !known.some((one) => one.port === port),
    )
    const answers = await Promise.all(
      chosen.map(async (port) => (port && (await deps.ports.isForeign(port)) ? port : null)),
    )
    const taken = answers.filter((port) => port !== null)
    if (taken.length === 0) return plan
    foreign.push(...taken)
  }
}
