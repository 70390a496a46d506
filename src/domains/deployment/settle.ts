import type { ReleaseReport } from './target.ts'

/** Longest settling time that is derived from the start of an app, in milliseconds. */
const longestMs = 10_000

/**
 * The limits of the settling time of a service: how long it must stay up and healthy before it
 * counts as healthy. `own` is the value of `fairlead.yaml`, `base` the setting of the server; all
 * in milliseconds. A service without traffic gives no other sign of health than staying up. Pure.
 */
export function settleLimits(
  own: number | undefined,
  hasTraffic: boolean,
  base: number,
): { least: number; most: number } {
  if (own !== undefined) return { least: own, most: own }
  return { least: hasTraffic ? base / 50 : base * 2, most: Math.max(longestMs, base * 2) }
}

/**
 * Why a release does not stay up, in words that continue a sentence; null when nothing is known
 * against it. Pure.
 */
export function judgeSettling(
  report: Pick<ReleaseReport, 'state' | 'reason' | 'crashes' | 'lastCrash' | 'instances'>,
): string | null {
  if (report.state === 'failed') return report.reason ?? 'the release is not healthy'
  if (report.crashes > 0) return report.lastCrash ?? 'an instance crashed'
  const sick = report.instances.find((instance) => instance.state === 'unhealthy')
  return sick ? `${sick.service} is unhealthy: ${sick.reason ?? 'no reason given'}` : null
}
