import { dirname, resolve } from 'node:path'

/** Identifies an attempt of a step on this machine. */
export interface AttemptName {
  id: string
  logFile: string
}

/** The marker of an attempt. The folder of its log distinguishes installations on one machine. */
export const markerFor = (attempt: AttemptName): string =>
  `${attempt.id} ${resolve(dirname(attempt.logFile))}`

/**
 * Whether a marker belongs to an attempt of the same step, whose id differs after the last slash.
 */
export function isSameStep(attempt: AttemptName): (marker: string) => boolean {
  const start = attempt.id.includes('/')
    ? attempt.id.slice(0, attempt.id.lastIndexOf('/') + 1)
    : `${attempt.id} `
  const end = ` ${resolve(dirname(attempt.logFile))}`
  return (marker) => marker.startsWith(start) && marker.endsWith(end)
}
