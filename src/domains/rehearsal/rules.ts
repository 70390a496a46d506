import type { Rehearsal } from '#contract/rehearsal/rehearsal.ts'

const hour = 3_600_000
/** The hour of the night at which services are rehearsed, in the time zone of the server. */
const nightHour = 3

/**
 * When a service is rehearsed next, in milliseconds since 1970: with a period of a day, at night;
 * with a shorter one, after the period. `began` is when its release went live.
 */
export function nextRehearsal(last: number | null, began: number, period: number): number {
  const from = last ?? began
  if (period < 12 * hour) return from + period
  const night = new Date(from)
  night.setHours(nightHour, 0, 0, 0)
  while (night.getTime() <= from) night.setDate(night.getDate() + 1)
  return night.getTime()
}

/** Why a rehearsal no longer tells whether the service would come back, or null. */
export function outdatedBecause(
  rehearsal: Pick<Rehearsal, 'release'> | null,
  live: { release: number },
): string | null {
  if (rehearsal === null) return 'it was never rehearsed'
  return rehearsal.release === live.release
    ? null
    : `it was rehearsed with release ${rehearsal.release}; release ${live.release} is live`
}

/** Why a restart is refused, or null: it fails, and nobody has said why it is wanted anyway. */
export function refusalOfRestart(
  rehearsal: Pick<Rehearsal, 'state' | 'reason'> | null,
): string | null {
  return rehearsal?.state === 'fails' ? (rehearsal.reason ?? 'the rehearsal failed') : null
}
