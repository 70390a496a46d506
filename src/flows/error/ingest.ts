import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib'
import { FairleadError } from '#contract/errors.ts'
import { EnvelopeProblem, readEnvelope } from '#domains/error/envelope.ts'
import { fingerprintOf, statedFingerprint } from '#domains/error/fingerprint.ts'
import { EventRate } from '#domains/error/rate.ts'
import { readSdkEvent, type SdkEvent } from '#domains/error/sdk-event.ts'
import { findKey } from '#domains/error/store.ts'
import { type Occurrence, recordDropped, recordErrors } from '#domains/error/write.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { numberOf, type Ran, type Stated, whatRan } from '#views/error-release.ts'
import type { SourceMaps } from './source-maps.ts'

export interface IngestParts {
  db: Database
  maps: SourceMaps
  /** milliseconds */
  now(): number
}

export interface Ingest {
  /**
   * The app of a project; throws `sign_in_needed` for a wrong key. `wait` is the number of seconds
   * after which the app may send again; 0 when it may send now.
   */
  admit(project: number, key: string): Promise<{ app: string; wait: number }>
  /** Stores the events of an envelope, or one event of the older form; returns the event's id. */
  receive(
    app: string,
    request: { body: Buffer; encoding: string | undefined; kind: 'envelope' | 'store' },
  ): Promise<{ id: string | null }>
}

/** Bytes of a decompressed body. */
const largest = 5_000_000
/** Milliseconds for which a key, and a release by its number, need not be read again. */
const keptMs = 5000
/** Milliseconds between two records of events that were refused. */
const recordMs = 1000
/** A time that is older or newer than this is not believed, in milliseconds. */
const believed = { past: 30 * 86_400_000, future: 60_000 }

/** Receives the errors that SDKs of Sentry send. */
export function createIngest({ db, maps, now }: IngestParts): Ingest {
  const rate = new EventRate()
  const keys = remember(now, (project: string) => findKey(db, Number(project)))
  const numbered = remember(now, (text: string) => whatRan(db, JSON.parse(text) as Stated))
  const refused = new Map<string, { count: number; recorded: number }>()
  const refuse = async (app: string): Promise<void> => {
    const one = refused.get(app) ?? { count: 0, recorded: 0 }
    refused.set(app, one)
    one.count += 1
    if (now() - one.recorded < recordMs) return
    const { count } = one
    Object.assign(one, { count: 0, recorded: now() })
    await db.query(recordDropped({ app, reason: 'rate', count }, now()))
  }
  const record = async (app: string, event: SdkEvent): Promise<void> => {
    const { release, environment } = event
    const stated: Stated = { app, release, environment }
    // Without its number, a release is the one that is live, which changes with each deployment.
    const found = await (numberOf(release) > 0
      ? numbered(JSON.stringify(stated))
      : whatRan(db, stated))
    const exceptions = found
      ? await maps.apply(found.artifact, event.details.exceptions)
      : event.details.exceptions
    await db.batch(recordErrors([occurrenceOf(app, event, { found, exceptions, now: now() })]))
  }
  return {
    admit: async (project, key) => {
      const known = await keys(String(project))
      if (!known || known.key !== key) throw new FairleadError('sign_in_needed')
      const wait = rate.take(known.app, now())
      if (wait > 0) await refuse(known.app)
      return { app: known.app, wait }
    },
    receive: async (app, { body, encoding, kind }) => {
      const bytes = await decompress(body, encoding).catch(async (error: unknown) => {
        await db.query(recordDropped({ app, reason: 'size', count: 1 }, now()))
        throw error
      })
      const payloads = kind === 'store' ? [bytes] : eventsOf(bytes)
      let id: string | null = null
      for (const payload of payloads) {
        const parsed = parseJson(payload)
        id ??= idOf(parsed)
        const event = readSdkEvent(parsed, app)
        if (event) await record(app, event)
      }
      return { id }
    },
  }
}

/** Calls a function again only after some seconds; at most 1,000 answers are kept. */
function remember<T>(
  now: () => number,
  read: (key: string) => Promise<T>,
): (key: string) => Promise<T> {
  const kept = new Map<string, { at: number; value: Promise<T> }>()
  return (key) => {
    const found = kept.get(key)
    if (found && now() - found.at < keptMs) return found.value
    if (kept.size > 1000) kept.clear()
    const value = read(key)
    value.catch(() => kept.delete(key))
    kept.set(key, { at: now(), value })
    return value
  }
}

const decoders = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
}

async function decompress(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return body
  const decode = encoding in decoders ? decoders[encoding as keyof typeof decoders] : null
  if (!decode) throw invalid(`has the unknown encoding ${encoding.slice(0, 40)}`)
  try {
    return await decode(body, { maxOutputLength: largest })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new FairleadError('too_large', { what: 'The event', limit: '5 MB' })
    throw invalid(`is not ${encoding}`)
  }
}

function eventsOf(bytes: Buffer): Buffer[] {
  try {
    return readEnvelope(bytes).flatMap(({ type, payload }) => (type === 'event' ? [payload] : []))
  } catch (error) {
    if (error instanceof EnvelopeProblem) throw invalid(`is no envelope: ${error.message}`)
    throw error
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw invalid('contains an event that is not JSON')
  }
}

const invalid = (problem: string): FairleadError =>
  new FairleadError('invalid_input', { field: 'body', problem })

function idOf(event: unknown): string | null {
  const id = (event as { event_id?: unknown } | null)?.event_id
  return typeof id === 'string' && /^[0-9a-f-]{32,36}$/i.test(id) ? id : null
}

function occurrenceOf(
  app: string,
  event: SdkEvent,
  {
    found,
    exceptions,
    now,
  }: { found: Ran | null; exceptions: Occurrence['details']['exceptions']; now: number },
): Occurrence {
  const { time, fingerprint, server, language, person } = event
  const own = fingerprintOf(exceptions, exceptions[0]?.message ?? '')
  const services = found?.services ?? []
  const isBelieved = time !== null && time > now - believed.past && time < now + believed.future
  return {
    ...{ app, language, person, source: 'sdk' },
    environment: found?.environment ?? event.environment ?? 'unknown',
    release: found?.release ?? 0,
    service:
      services.find((name) => name === server) ?? (services.length === 1 ? services[0]! : ''),
    time: isBelieved ? time : now,
    fingerprint: fingerprint ? statedFingerprint(fingerprint, own) : own,
    details: { ...event.details, exceptions },
  }
}
