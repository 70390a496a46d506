import type { HostSecond, Measurements } from '#contract/host/measurements.ts'
import { addRequestCounts } from '#domains/signal/request-count.ts'
import { completeSeconds, samplesOf } from '#domains/signal/samples.ts'
import { getPosition, setPosition } from '#domains/signal/store.ts'
import { addSamples } from '#domains/signal/write.ts'
import { localHost, type NamedHost } from '#flows/host/every-host.ts'
import type { Database } from '#platform/postgres/postgres.ts'

export interface SignalSource {
  measurements(after: number, waitMs?: number): Promise<Measurements>
}

/**
 * Stores what the host has measured since the last time. The position is stored with the values, so
 * that another replica goes on where this one ended.
 */
export async function storeSignals(
  db: Database,
  { name, host }: NamedHost<SignalSource>,
): Promise<void> {
  const position = await getPosition(db, name)
  const { run, seconds } = await host.measurements(position?.next ?? 0)
  // Another host process numbers its seconds anew.
  const isSame = position === null || position.run === run
  const fresh = isSame ? seconds : (await host.measurements(0)).seconds
  const complete = completeSeconds(fresh)
  const last = complete.at(-1)
  if (!last) return
  // The series of the machine are those of the machine of the server.
  const isShown = ({ app }: { app: string | null }): boolean => name === localHost || app !== null
  const samples = samplesOf(complete).filter(isShown)
  await db.batch([
    ...(await addSamples(db, samples)),
    ...(await addRequestCounts(db, complete)),
    setPosition(name, { run, next: last.number }, position),
  ])
}

/** Seconds that explain an alert. */
const explaining = 300

/** The last minutes of the host; empty when it does not answer. */
export async function lastMinutes(db: Database, host: SignalSource): Promise<HostSecond[]> {
  const position = await getPosition(db, localHost)
  const after = Math.max(0, (position?.next ?? 0) - explaining)
  return host.measurements(after).then(
    ({ seconds }) => seconds,
    () => [],
  )
}
