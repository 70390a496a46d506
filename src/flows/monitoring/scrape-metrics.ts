import { z } from 'zod'
import type { Exposition } from '#domains/deployment/target.ts'
import { metricValues, type Scraped, seriesText, withinLimit } from '#domains/signal/metrics.ts'
import { finest, type Sample } from '#domains/signal/samples.ts'
import { listMetricSeries } from '#domains/signal/store.ts'
import { addSamples } from '#domains/signal/write.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { parseExposition, parseTypes } from '#platform/net/exposition.ts'
import { definitionsOf, liveReleases } from '#views/watched.ts'

/** Series of a service; a label with more values than this names persons or requests. */
const mostSeries = 200

/** The part of a stored definition that says where metrics are. */
const definitionWithMetrics = z.object({
  services: z.record(z.string(), z.looseObject({ metrics: z.string().optional() })),
})

interface Place {
  app: string
  environment: string
  release: number
  service: string
  path: string
}

type Read = (place: Place) => Promise<Exposition[]>

/** Reads metrics from the target of a release; nothing from one that has none. */
export const readFromTarget =
  (deps: Pick<Dependencies, 'db' | 'targets'>): Read =>
  async ({ app, environment, release, service, path }) => {
    const target = await targetOfRelease(deps, release)
    return (await target.metrics?.({ app, environment, release }, path, { service })) ?? []
  }

export interface ScrapeOptions extends Pick<Dependencies, 'db' | 'log'> {
  /** milliseconds since 1970 */
  now(): number
  read: Read
}

/**
 * Reads what the services of live releases expose at the `metrics` of fairlead.yaml, once in ten
 * seconds, and stores it as series.
 */
export class ScrapeMetrics {
  readonly #options: ScrapeOptions
  /** the releases that `#places` come from, as JSON */
  #planned = ''
  #places: Place[] = []
  #bucket = 0
  /** by service of an environment */
  readonly #before = new Map<string, { at: number; instances: Scraped[] }>()

  constructor(options: ScrapeOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    const { now, log, db } = this.#options
    const bucket = Math.floor(now() / finest)
    if (bucket === this.#bucket) return
    this.#bucket = bucket
    await this.#plan()
    // What was counted since the scrape before belongs to the ten seconds that have ended.
    const at = (bucket - 1) * finest
    const samples: Sample[] = []
    for (const [app, places] of Map.groupBy(this.#places, (one) => one.app)) {
      const stored = await listMetricSeries(db, app)
      const found = await Promise.all(
        places.map(async (place) => {
          const mine = stored.filter(
            ({ environment, service }) =>
              environment === place.environment && service === place.service,
          )
          const known = new Set(mine.map(seriesText))
          return this.#scrape(place, at, known).catch((error: unknown) => {
            log.warn('metrics could not be read', { ...place, error: (error as Error).message })
            return []
          })
        }),
      )
      samples.push(...found.flat())
    }
    if (samples.length > 0) await db.batch(await addSamples(db, samples))
  }

  async #plan(): Promise<void> {
    const { db } = this.#options
    const live = await liveReleases(db)
    const text = JSON.stringify(live)
    if (text === this.#planned) return
    const definitions = new Map(
      (await definitionsOf(db, [...new Set(live.map(({ release }) => release))])).map((one) => [
        one.release,
        definitionWithMetrics.safeParse(one.definition).data?.services ?? {},
      ]),
    )
    this.#places = live.flatMap(({ app, environment, release }) =>
      Object.entries(definitions.get(release) ?? {}).flatMap(([service, { metrics: path }]) =>
        path === undefined ? [] : [{ app, environment, release, service, path }],
      ),
    )
    this.#planned = text
  }

  async #scrape(place: Place, at: number, stored: Set<string>): Promise<Sample[]> {
    const { app, environment, service } = place
    const expositions = await this.#options.read(place)
    const scrapedAt = this.#options.now()
    const instances = expositions.flatMap(({ instance, text }): Scraped[] => {
      if (text === null) return []
      const index = Number(instance.split('/').at(-2))
      return [{ index, process: instance, points: parseExposition(text), types: parseTypes(text) }]
    })
    const key = `${app}/${environment}/${service}`
    const before = this.#before.get(key)
    this.#before.set(key, { at: scrapedAt, instances })
    const seconds = before ? (scrapedAt - before.at) / 1000 : Infinity
    const values = metricValues(before?.instances ?? [], instances, seconds)
    const { kept, left } = withinLimit(values, stored, mostSeries)
    const own = [
      ...expositions.map(({ instance, text }) => ({
        ...{ name: 'up', labels: '', unit: '', value: text === null ? 0 : 1 },
        instance: Number(instance.split('/').at(-2)),
      })),
      ...(left === 0
        ? []
        : [{ name: 'series_left_out', labels: '', unit: '', value: left, instance: null }]),
    ]
    return [...kept, ...own].map((one) => ({
      ...{ ...one, app, environment, service, release: null, at },
    }))
  }
}
