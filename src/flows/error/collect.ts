import type { ErrorDetails } from '#contract/error/error.ts'
import type { NewOutput, OutputPlaces } from '#contract/host/output.ts'
import { fingerprintOf } from '#domains/error/fingerprint.ts'
import { type FoundTrace, readTraces } from '#domains/error/read-traces.ts'
import { scrubText } from '#domains/error/scrub.ts'
import { getPlaces, setPlaces } from '#domains/error/store.ts'
import { type Occurrence, recordDropped, recordErrors } from '#domains/error/write.ts'
import { every, oneReplica } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import { type EveryHost, type NamedHost, withEveryHost } from '#flows/host/every-host.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { artifactsOf } from '#views/error-release.ts'
import type { SourceMaps } from './source-maps.ts'

/** Milliseconds without output after which a trace is complete. */
const idleMs = 700
/** A time in a line that is older or newer than this is not believed, in milliseconds. */
const believed = { past: 86_400_000, future: 60_000 }

interface OutputSource {
  output(after: OutputPlaces): Promise<NewOutput>
}

export interface CollectParts {
  db: Database
  maps: SourceMaps
  /** milliseconds */
  now(): number
}

/** Finds the errors in the output of services. */
export const collectErrors = (
  parts: CollectParts & { hosts: EveryHost<OutputSource>; interval: number },
): BackgroundJob =>
  every({
    name: 'collect-errors',
    interval: parts.interval,
    claim: oneReplica(),
    run: () => withEveryHost(parts.hosts, (one) => collectOnce(parts, one)),
  })

/**
 * Reads what services wrote since the last time. What was found and how far was read are stored
 * together, so that each error counts once, whichever server reads.
 */
export async function collectOnce(
  { db, maps, now }: CollectParts,
  { name, host }: NamedHost<OutputSource>,
): Promise<void> {
  const known = await getPlaces(db, name)
  const { keys, files } = await host.output(known)
  const places: OutputPlaces = Object.fromEntries(
    Object.entries(known).filter(([key]) => keys.includes(key)),
  )
  const occurrences: Occurrence[] = []
  const dropped = new Map<string, number>()
  for (const { key, lines, from, until, skipped, idle } of files) {
    const { found, consumed } = readTraces(lines, { isOver: idle >= idleMs })
    places[key] = consumed === lines.length ? until : { ...from, lines: from.lines + consumed }
    occurrences.push(...found.map((trace) => occurrenceOf(key, trace, now())))
    const [app = ''] = key.split('/')
    if (skipped > 0) dropped.set(app, (dropped.get(app) ?? 0) + Math.ceil(skipped / 1000))
  }
  const isChanged = JSON.stringify(places) !== JSON.stringify(known)
  if (!isChanged && occurrences.length === 0) return
  const mapped = await mapAll(db, maps, occurrences)
  await db.batch([
    ...recordErrors(mapped),
    ...[...dropped].map(([app, count]) => recordDropped({ app, reason: 'output', count }, now())),
    setPlaces(name, places),
  ])
}

/** Applies the source maps of the artifacts. */
async function mapAll(
  db: Database,
  maps: SourceMaps,
  occurrences: Occurrence[],
): Promise<Occurrence[]> {
  const built = occurrences.filter(({ language }) => language === 'node')
  if (built.length === 0) return occurrences
  const artifacts = await artifactsOf(db, [...new Set(built.map(({ release }) => release))])
  return Promise.all(
    occurrences.map(async (one) => {
      const artifact = artifacts.get(one.release)
      if (artifact === undefined || one.language !== 'node') return one
      const exceptions = await maps.apply(artifact, one.details.exceptions)
      if (exceptions === one.details.exceptions) return one
      const fingerprint = fingerprintOf(exceptions, exceptions[0]?.message ?? '')
      return { ...one, fingerprint, details: { ...one.details, exceptions } }
    }),
  )
}

function occurrenceOf(key: string, trace: FoundTrace, now: number): Occurrence {
  const [app = '', environment = '', release = '', service = ''] = key.split('/')
  const exceptions = trace.exceptions.map((one) => ({ ...one, message: scrubText(one.message) }))
  const details: ErrorDetails = {
    ...{ exceptions, breadcrumbs: [], request: null, tags: {}, isHandled: null },
  }
  return {
    ...{ app, environment, service, details },
    // A second start of a release has its negative number.
    release: Math.abs(Number(release)),
    source: 'output',
    language: trace.language,
    fingerprint: fingerprintOf(exceptions, exceptions[0]?.message ?? ''),
    time: timeOf(trace.time, now),
    person: null,
  }
}

const timeOf = (time: number | null, now: number): number =>
  time !== null && time > now - believed.past && time < now + believed.future ? time : now
