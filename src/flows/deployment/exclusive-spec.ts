import { ownPort, type ServiceFile } from '#contract/pipeline-file/service-file.ts'
import type { ServiceSpec } from '#domains/deployment/target.ts'
import { isExclusive } from '#domains/scale/rules.ts'
import { Failed } from '#engine/workflow.ts'

/** How a service is started that never runs twice at once; nothing for others. */
export function exclusiveOf(
  service: ServiceFile,
  env: Record<string, string>,
): Pick<ServiceSpec, 'exclusive'> {
  if (!isExclusive(service)) return {}
  const { keeps, port, reload, uses } = service
  const variable = variableOf(port)
  const listens = ownPort.safeParse(variable === null ? port : Number(env[variable] ?? NaN)).data
  return {
    exclusive: {
      ...{ keeps, uses: uses.filter((one) => !one.startsWith('$')) },
      ...(listens === undefined ? {} : { listens }),
      ...(reload === undefined ? {} : { reload }),
    },
  }
}

/** The variable that has the port on which a service listens itself; null when none has. */
const variableOf = (port: ServiceFile['port']): string | null =>
  typeof port === 'string' ? port.slice(1) : null

const isPort = (text: string | undefined): boolean => ownPort.safeParse(Number(text ?? NaN)).success

/** The variables that should have a port, and have none. `unread` are secrets without a value. */
export function portProblems(
  services: Record<string, ServiceFile>,
  unread: string[],
  valuesOf: (service: string) => Record<string, string>,
): { name: string; problem: string }[] {
  return Object.entries(services).flatMap(([service, { port }]) => {
    const name = variableOf(port)
    if (name === null || unread.includes(name) || isPort(valuesOf(service)[name])) return []
    const problem = `must be a port from 1024 to 65535: the service ${service} listens there`
    return [{ name, problem }]
  })
}

/** The values of services in another environment on the same machine. */
export interface Neighbour {
  environment: string
  valuesOf: (service: string) => Record<string, string>
}

/** The variables whose port a service that runs once has in another environment, too. */
export function sharedPortProblems(
  services: Record<string, ServiceFile>,
  valuesOf: Neighbour['valuesOf'],
  neighbours: Neighbour[],
): { name: string; problem: string }[] {
  const named = Object.entries(services).flatMap(([service, { port }]) => {
    const name = variableOf(port)
    return name === null ? [] : [{ service, name }]
  })
  return named.flatMap(({ service, name }) => {
    const port = valuesOf(service)[name]
    const other = neighbours.find((one) =>
      named.some((its) => isPort(port) && one.valuesOf(its.service)[its.name] === port),
    )
    if (other === undefined) return []
    const there = `which ${other.environment} uses on the same machine`
    return [{ name, problem: `must be another port than ${port}, ${there}` }]
  })
}

/** Throws a Failed for a variable that should have a port, and has none. */
export function requirePorts(
  services: Record<string, ServiceFile>,
  specs: ServiceSpec[],
): ServiceSpec[] {
  const envs = new Map(specs.map(({ name, env }) => [name, env]))
  const [first] = portProblems(services, [], (service) => envs.get(service) ?? {})
  if (first) throw new Failed(`${first.name} ${first.problem}`)
  return specs
}
