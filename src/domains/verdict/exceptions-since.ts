import type { ExceptionReading } from '#contract/verdict/verdict.ts'

/** How often an error was seen in both releases. */
export interface CountedError {
  error: number
  type: string
  message: string
  place: string | null
  /** first seen, or come back, after the canary began */
  isNew: boolean
  baseline: number
  canary: number
}

/**
 * What was thrown between two readings; null for nothing. An error that leaves the first reading,
 * because its hours are over, begins again.
 */
export function exceptionsSince(
  before: CountedError[],
  now: CountedError[],
  at: number,
): ExceptionReading | null {
  const known = new Map(before.map((one) => [one.error, one]))
  const errors = now.flatMap(({ error, type, message, place, isNew, ...counts }) => {
    const former = known.get(error) ?? { baseline: 0, canary: 0 }
    const baseline = Math.max(0, counts.baseline - former.baseline)
    const canary = Math.max(0, counts.canary - former.canary)
    if (baseline + canary === 0) return []
    const title = `${[type, message].filter(Boolean).join(': ')}${place ? ` in ${place}` : ''}`
    return [{ error, type, title, isNew, baseline, canary }]
  })
  return errors.length === 0 ? null : { at, errors }
}
