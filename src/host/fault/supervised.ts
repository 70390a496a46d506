import { isRunning } from '../processes.ts'
import { readActual } from '../state.ts'
import type { FaultPlace } from './action.ts'

/**
 * Which of the instances does not run again, in one sentence, or null. An instance of a release
 * that the host has removed since is not missed.
 */
export function findMissing(indexes: number[], { host, target }: FaultPlace): string | null {
  const { app, environment, service, release } = target
  const actual = readActual(host, app, environment)?.find((one) => one.release === release)
  const saved = actual?.instances.filter((one) => one.service === service) ?? []
  const missing = indexes.find((index) =>
    saved.some((one) => one.index === index && !isRunning(one.pid ?? 0, one.startTime)),
  )
  return missing === undefined
    ? null
    : `instance ${missing} of ${service} does not run again; the host starts it`
}
