import { dirname, resolve } from 'node:path'

/** What names an attempt of a step on this machine. */
export interface AttemptName {
  id: string
  logFile: string
}

/** The marker of an attempt; the folder of its log tells installations on one machine apart. */
export const markerFor = (attempt: AttemptName): string =>
  `${attempt.id} ${resolve(dirname(attempt.logFile))}`

/**
 * Whether a marker is of this attempt or another of the same step: the ids differ only after their
 * last slash.
 */
export function isSameStep(attempt: AttemptName): (marker: string) => boolean {
  const start = attempt.id.includes('/')
    ? attempt.id.slice(0, attempt.id.lastIndexOf('/') + 1)
    : `${attempt.id} `
  const end = ` ${resolve(dirname(attempt.logFile))}`
  return (marker) => marker.startsWith(start) && marker.endsWith(end)
}
