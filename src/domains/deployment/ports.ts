import type { ReservedPort } from '#platform/net/port.ts'
import type { StoredEnvironment } from './store.ts'

/** The ports of this machine. */
export interface MachinePorts {
  /** the ports of Fairlead itself */
  reserved: ReservedPort[]
  /** whether a program that is not the edge of this installation listens on a port */
  isForeign(port: number): Promise<boolean>
}

type Owned = Pick<StoredEnvironment, 'app' | 'name' | 'port'>

/** Returns what has a port, for people: a part of Fairlead or an environment; null for nothing. */
function portOwner(
  port: number,
  { reserved, environments }: { reserved: ReservedPort[]; environments: Owned[] },
): string | null {
  const own = reserved.find((one) => one.port === port)
  if (own) return own.owner
  const environment = environments.find((one) => one.port === port)
  return environment ? `the environment ${environment.name} of ${environment.app}` : null
}

/** Why an environment cannot have a port, in one sentence. */
const portProblem = (environment: string, port: number, owner: string): string =>
  `port ${port} of the environment ${environment} is used by ${owner}; ` +
  `set another \`port\` in fairlead.yaml, or free this one`

/** An environment whose port is to be planned. */
export interface PortRequest {
  app: string
  name: string
  /** the pull request it belongs to; null for an environment of the line */
  pullRequest: number | null
  /** `port` of fairlead.yaml; undefined when Fairlead chooses one */
  wanted: number | undefined
  /** lets the target choose: null when it listens on no port */
  reserve(request: { current: number | null; taken: number[] }): number | null
}

type Known = Owned & Pick<StoredEnvironment, 'pullRequest'>

export type PortPlan =
  | {
      problem: null
      /** in the order of the requests; an environment without a new port keeps its former one */
      ports: (number | null)[]
      /** the environments that lose their port before the ports are stored */
      released: { app: string; name: string }[]
    }
  | { problem: string }

/**
 * Plans the ports of the environments of one app. Ports may move between the environments of its
 * line, also from one that left fairlead.yaml; `known` are the stored environments of all apps. A
 * fixed port that another program uses is planned all the same: it is opened once it is free.
 */
export function planPorts({
  requests,
  known,
  reserved,
  foreign,
}: {
  requests: PortRequest[]
  known: Known[]
  reserved: ReservedPort[]
  /** ports that other programs use, which are not chosen */
  foreign: number[]
}): PortPlan {
  const isRequested = (one: Owned): boolean => requests.some((request) => isSame(request, one))
  const isMovable = (one: Known): boolean =>
    isRequested(one) ||
    (one.pullRequest === null &&
      requests.some((request) => request.app === one.app && request.pullRequest === null))
  const fixed = known.filter((one) => !isMovable(one))
  const wanted = requests.flatMap((request) => request.wanted ?? [])
  const ports: (number | null)[] = []
  for (const { wanted: port, ...request } of requests) {
    const current = known.find((one) => isSame(one, request))?.port ?? null
    if (port !== undefined) {
      const owner = portOwner(port, { reserved, environments: fixed })
      if (owner !== null) return { problem: portProblem(request.name, port, owner) }
    }
    const others = known.filter((one) => !isSame(one, request)).flatMap((one) => one.port ?? [])
    const barred = [...reserved.map((one) => one.port), ...foreign, ...wanted, ...ports]
    const kept = barred.includes(current) ? null : current
    const taken = [...others, ...barred.filter((one) => one !== null)]
    // A target without a port leaves the port to the release that still runs on another target.
    ports.push(request.reserve({ current: kept, taken }) ?? kept)
  }
  const released = known.filter((one) => {
    if (one.port === null || !isMovable(one)) return false
    const index = requests.findIndex((request) => isSame(request, one))
    return index === -1 ? ports.includes(one.port) : ports[index] !== one.port
  })
  return { problem: null, ports, released: released.map(({ app, name }) => ({ app, name })) }
}

const isSame = (
  one: { app: string; name: string },
  other: { app: string; name: string },
): boolean => one.app === other.app && one.name === other.name
