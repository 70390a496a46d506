import type { CanaryFile, MetricFile } from '#contract/pipeline-file/canary-file.ts'
import type { Reading, Sample } from '#contract/verdict/metric.ts'
import { namesOf, readBuckets, readingOf, readMetric } from '#domains/verdict/exposition.ts'
import type { ReleaseReference, Target } from '#domains/deployment/target.ts'
import { parseExposition } from '#platform/net/exposition.ts'
import { queryPrometheus } from '#platform/net/prometheus.ts'
import type { Dependencies } from '#flows/dependencies.ts'

type Metrics = [string, MetricFile][]

interface Arms {
  baseline: ReleaseReference
  canary: ReleaseReference
}
type Sources = Pick<Dependencies, 'clock' | 'log' | 'egress'> & { target: Target }

/**
 * Takes samples in the background, so that a slow answer does not delay a decision. A sample begins
 * `scrape.every` after the previous one began. `taken` returns each sample once.
 */
export function createSampler(
  deps: Sources,
  file: CanaryFile,
  arms: Arms,
): { taken(): Sample | null } {
  let began = -Infinity
  let isSampling = false
  let sample: Sample | null = null
  return {
    taken: () => {
      const now = deps.clock.monotonic()
      if (!isSampling && now - began >= file.scrape.every) {
        began = now
        isSampling = true
        void takeSample(deps, file, arms)
          .then((taken) => (sample = taken))
          .finally(() => (isSampling = false))
      }
      const last = sample
      sample = null
      return last
    },
  }
}

/** Reads the metrics that the target does not count, from both releases and from Prometheus. */
async function takeSample(deps: Sources, file: CanaryFile, arms: Arms): Promise<Sample | null> {
  const metrics = Object.entries(file.metrics).filter(([, { route }]) => route === undefined)
  if (metrics.length === 0) return null
  const [baseline, canary] = await Promise.all([
    readArm(deps, file, metrics, arms.baseline),
    readArm(deps, file, metrics, arms.canary),
  ])
  const of = (readings: Map<string, Reading[]>, name: string): Reading[] => readings.get(name) ?? []
  return {
    at: deps.clock.now(),
    metrics: Object.fromEntries(
      metrics.map(([name]) => [name, { baseline: of(baseline, name), canary: of(canary, name) }]),
    ),
  }
}

/** The readings of one release. A metric that could not be read is missing: unknown, not good. */
async function readArm(
  { target, log, egress }: Pick<Sources, 'target' | 'log' | 'egress'>,
  file: CanaryFile,
  metrics: Metrics,
  release: ReleaseReference,
): Promise<Map<string, Reading[]>> {
  const own = metrics.filter(([, { prometheus }]) => prometheus === undefined)
  const names = own.flatMap(([, metric]) => namesOf(metric))
  const warn = (error: unknown): null => {
    log.warn('metrics of a canary could not be read', { ...release, error: String(error) })
    return null
  }
  const [instances, asked] = await Promise.all([
    names.length === 0 ? [] : target.metrics?.(release, file.scrape.path, { names }).catch(warn),
    Promise.all(
      metrics.map(
        async ([name, metric]) =>
          [name, await readPrometheus(egress.fetch, metric, release).catch(warn)] as const,
      ),
    ),
  ])
  const readings = new Map<string, Reading[]>()
  const add = (name: string, reading: Reading | null): void => {
    if (reading) readings.set(name, [...(readings.get(name) ?? []), reading])
  }
  for (const { instance, text } of instances ?? []) {
    const points = parseExposition(text ?? '')
    for (const [name, metric] of own) add(name, readMetric(instance, points, metric))
  }
  for (const [name, reading] of asked) add(name, reading)
  return readings
}

async function readPrometheus(
  send: typeof fetch,
  metric: MetricFile,
  { release }: ReleaseReference,
): Promise<Reading | null> {
  const { prometheus } = metric
  if (prometheus === undefined) return null
  const ask = (query: string) =>
    queryPrometheus(prometheus, query.replaceAll('{release}', String(release)), send)
  const instance = `prometheus/${release}`
  if (metric.histogram !== undefined) {
    const points = await ask(metric.histogram)
    return readBuckets(
      instance,
      points.map((point) => ({ name: '', ...point })),
    )
  }
  const number = async (query: string): Promise<number | null> =>
    (await ask(query))[0]?.value ?? null
  const queries = [metric.gauge ?? metric.bad, metric.of].filter((query) => query !== undefined)
  const [first = null, ...rest] = await Promise.all(queries.map(number))
  // Prometheus has no series of a labelled counter that was never incremented.
  const isNever = first === null && metric.bad !== undefined
  return readingOf(instance, [isNever ? 0 : first, ...rest])
}
