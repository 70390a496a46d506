import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { deserialize, serialize } from 'node:v8'
import type { StoredDetector } from '#domains/monitor/store.ts'
import { localHost } from '#flows/host/every-host.ts'
import { addServiceCounts, type HostSeconds, noCounts, serviceKey } from './host-seconds.ts'
import { type Judgement, ServiceWatch, type WatchState } from './service-watch.ts'

/**
 * Milliseconds without a second of any host after which nothing is known of services. A restart of
 * the host is shorter, and a connection to another machine that ended is made anew in less time.
 */
const patience = { local: 15_000, remote: 30_000 }
/** Seconds that the clock of the server may be set back without a word. */
const clockSeconds = 5

/** A host of an environment; null when it is not known. */
export type NamedSeconds = [name: string, seconds: HostSeconds | null]

/** A service whose seconds are added over the hosts of its environment, and judged once. */
export class WatchedService {
  readonly app: string
  readonly environment: string
  readonly service: string
  readonly watch: ServiceWatch
  /** the last second of each host that it knows */
  readonly #places: StoredDetector['places']
  /** the last second that was judged, since 1970 */
  #until: number
  /** when a host had a second last, in milliseconds */
  #knownAt: number
  /** whether its monitors are, or may be, unknown because no host answers */
  #isUnknown: boolean
  savedAt: number

  /** `after` is the second before the first one that is judged. */
  constructor(
    place: Pick<StoredDetector, 'app' | 'environment' | 'service'>,
    now: number,
    { stored, after = 0 }: { stored?: StoredDetector; after?: number } = {},
  ) {
    this.app = place.app
    this.environment = place.environment
    this.service = place.service
    const state = stored ? readState(stored.state) : null
    this.watch = state ? new ServiceWatch(state) : new ServiceWatch()
    this.#places = { ...stored?.places }
    this.#isUnknown = stored !== undefined
    this.#until = after
    this.#knownAt = now
    this.savedAt = now
  }

  /**
   * Judges the seconds that all hosts have which are not silent. Returns the monitors that change,
   * and whether harm was found or has ended.
   */
  judge(hosts: NamedSeconds[], now: number): { judgements: Judgement[]; hasChanged: boolean } {
    if (this.#until > now / 1000 + clockSeconds) this.#until = 0
    const answering = hosts.flatMap(([, one]) => (one && !one.isSilent ? [one] : []))
    if (answering.length === 0) return { judgements: this.#unknown(hosts, now), hasChanged: false }
    this.#knownAt = now
    const back = this.#isUnknown
    this.#isUnknown = false
    const last = Math.min(...answering.map((one) => one.last))
    const times = new Set(hosts.flatMap(([, one]) => one?.after(this.#until) ?? []))
    const due = [...times].filter((time) => time <= last).toSorted((a, b) => a - b)
    const isPartial = answering.length < hosts.length
    const changed = due.flatMap((time) => this.#add(hosts, time, isPartial))
    // What was unknown is said again, as it is now.
    const judgements = back ? this.watch.repeat(now) : changed
    return { judgements, hasChanged: changed.length > 0 }
  }

  /** Adds the hosts' seconds at a time, unless they were judged before. */
  #add(hosts: NamedSeconds[], time: number, isPartial: boolean): Judgement[] {
    this.#until = time
    const sum = { at: 0, isPartial, ...noCounts() }
    for (const [name, one] of hosts) {
      const second = one?.at(time)
      const place = this.#places[name]
      if (!second || (place?.run === second.run && place.next >= second.number)) continue
      this.#places[name] = { run: second.run, next: second.number }
      sum.at = second.at
      const counts = second.services.get(serviceKey(this))
      if (counts) addServiceCounts(sum, counts)
    }
    return sum.at === 0 ? [] : this.watch.add(sum)
  }

  #unknown(hosts: NamedSeconds[], now: number): Judgement[] {
    const isLocal = hosts.every(([name]) => name === localHost)
    if (now - this.#knownAt < (isLocal ? patience.local : patience.remote)) return []
    if (this.#isUnknown) return []
    this.#isUnknown = true
    const names = hosts.map(([name]) => name).join(', ')
    const what = isLocal ? 'the host does' : `${names} ${hosts.length > 1 ? 'do' : 'does'}`
    return this.watch.kinds.map((kind) => ({
      ...{ kind, state: 'unknown', reason: `${what} not answer`, onset: null },
    }))
  }

  save(now: number): StoredDetector {
    this.savedAt = now
    const { app, environment, service } = this
    const state = deflateRawSync(serialize(this.watch.save()), { level: 1 })
    return { app, environment, service, places: this.#places, state }
  }
}

/** What another version of Fairlead saved is learnt anew. */
function readState(bytes: Buffer): WatchState | null {
  try {
    const state = deserialize(inflateRawSync(bytes)) as WatchState
    return state.version === 1 && state.errors.version === 1 && state.latency.version === 1
      ? state
      : null
  } catch {
    return null
  }
}
