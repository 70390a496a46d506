import type { InstanceReport } from './target.ts'

/** A crash loop that was detected and is not resolved. */
export interface Incident {
  id: number
  app: string
  environment: string
  service: string
  deployment: number
}

/** The live release of an environment, and its instances; null when its target does not answer. */
export interface LiveRelease {
  app: string
  environment: string
  deployment: number
  instances:
    | Pick<InstanceReport, 'service' | 'state' | 'isLooping' | 'restarts' | 'reason'>[]
    | null
}

export interface CrashLoopChanges {
  detected: (Omit<Incident, 'id'> & { reason: string })[]
  resolved: (Incident & { reason: string })[]
}

/** Compares the known crash loops with the releases that are live. Missing data changes nothing. */
export function judgeCrashLoops(open: Incident[], live: LiveRelease[]): CrashLoopChanges {
  const resolved = open.flatMap((incident) => {
    const reason = reasonToResolve(incident, live)
    return reason === null ? [] : [{ ...incident, reason }]
  })
  const known = new Set(open.filter((one) => !resolved.some(({ id }) => id === one.id)).map(keyOf))
  const detected = live.flatMap(loopsOf).filter((loop) => !known.has(keyOf(loop)))
  return { detected, resolved }
}

function reasonToResolve(incident: Incident, live: LiveRelease[]): string | null {
  const release = live.find(
    ({ app, environment }) => app === incident.app && environment === incident.environment,
  )
  if (!release) return 'nothing is live there any more'
  if (release.deployment !== incident.deployment)
    return `deployment ${release.deployment} is live there now`
  const instances = release.instances?.filter(({ service }) => service === incident.service) ?? []
  const isUp = instances.every(({ state, isLooping }) => state === 'healthy' && !isLooping)
  return instances.length > 0 && isUp ? 'it stays up again' : null
}

/** One loop for each service with an instance that crashes again and again. */
function loopsOf({ instances, ...place }: LiveRelease): CrashLoopChanges['detected'] {
  const looping = instances?.filter(({ isLooping }) => isLooping) ?? []
  return [...Map.groupBy(looping, ({ service }) => service)].map(([service, [worst]]) => ({
    ...place,
    service,
    reason: worst?.reason ?? `it was restarted ${worst?.restarts ?? 0} times`,
  }))
}

const keyOf = ({ app, environment, service }: Omit<Incident, 'id' | 'deployment'>): string =>
  `${app}/${environment}/${service}`
