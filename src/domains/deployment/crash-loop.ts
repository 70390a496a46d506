import type { InstanceReport } from './target.ts'

/** A crash loop that was detected and is not resolved. */
export interface CrashLoop {
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
  detected: (Omit<CrashLoop, 'id'> & { reason: string })[]
  resolved: (CrashLoop & { reason: string })[]
}

/** Compares the known crash loops with the releases that are live. Missing data changes nothing. */
export function judgeCrashLoops(open: CrashLoop[], live: LiveRelease[]): CrashLoopChanges {
  const resolved = open.flatMap((loop) => {
    const reason = reasonToResolve(loop, live)
    return reason === null ? [] : [{ ...loop, reason }]
  })
  const known = new Set(open.filter((one) => !resolved.some(({ id }) => id === one.id)).map(keyOf))
  const detected = live.flatMap(loopsOf).filter((loop) => !known.has(keyOf(loop)))
  return { detected, resolved }
}

function reasonToResolve(loop: CrashLoop, live: LiveRelease[]): string | null {
  const release = live.find(
    ({ app, environment }) => app === loop.app && environment === loop.environment,
  )
  if (!release) return 'nothing is live there any more'
  if (release.deployment !== loop.deployment)
    return `deployment ${release.deployment} is live there now`
  const instances = release.instances?.filter(({ service }) => service === loop.service) ?? []
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

const keyOf = ({ app, environment, service }: Omit<CrashLoop, 'id' | 'deployment'>): string =>
  `${app}/${environment}/${service}`
