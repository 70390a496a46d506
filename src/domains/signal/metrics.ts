import { parseSelector, type Point } from '#platform/net/exposition.ts'

/** What an instance exposes at a moment. */
export interface Scraped {
  index: number
  /** names its process; counters of another one begin at zero */
  process: string
  points: Point[]
  /** by the name of a metric */
  types: Map<string, string>
}

/** The value of a metric of a service. */
export interface MetricValue {
  name: string
  labels: string
  /** null for a sum over the instances */
  instance: number | null
  unit: string
  value: number
}

/** Characters of a name, and of labels; a metric with more is left out. */
const longest = { name: 200, labels: 500 }
const quantiles = [0.5, 0.95, 0.99]

/**
 * The values of the metrics of a service, from two scrapes that are `seconds` apart. A counter is
 * its increase per second, summed over the instances. A histogram is the rates of its count and its
 * sum, and quantiles of what was observed between the scrapes. A gauge is itself. Pure.
 */
export function metricValues(before: Scraped[], now: Scraped[], seconds: number): MetricValue[] {
  const rates = new Map<string, { name: string; labels: string; value: number }>()
  const buckets = new Map<string, { name: string; labels: Labels; counts: Map<number, number> }>()
  const gauges: MetricValue[] = []
  for (const one of now) {
    const former = before.find(({ index }) => index === one.index)
    // Without a scrape before, it is not known since when a counter counts.
    const increase = former && increases(former, one)
    for (const { name, labels, value } of one.points) {
      const kind = kindOf(name, labels, one.types)
      if (kind === null) continue
      if (kind === 'gauge') {
        if (Number.isFinite(value))
          gauges.push({ name, labels: labelsText(labels), instance: one.index, unit: '', value })
        continue
      }
      const grown = increase?.(name, labels, value)
      if (grown === undefined) continue
      if (kind === 'counter') {
        const text = labelsText(labels)
        const key = `${name}{${text}}`
        const sum = rates.get(key)?.value ?? 0
        rates.set(key, { name, labels: text, value: sum + grown })
      } else {
        const { le = '', ...rest } = labels
        const of = name.replace(/_bucket$/, '')
        const key = `${of}{${labelsText(rest)}}`
        const found = buckets.get(key) ?? { name: of, labels: rest, counts: new Map() }
        buckets.set(key, found)
        const bound = Number(le.replace(/^\+?Inf$/i, 'Infinity'))
        found.counts.set(bound, (found.counts.get(bound) ?? 0) + grown)
      }
    }
  }
  return [
    ...[...rates.values()].map(({ value, ...one }) => ({
      ...{ ...one, instance: null, unit: 'per second', value: value / seconds },
    })),
    ...[...buckets.values()].flatMap(quantilesOf),
    ...gauges,
  ].filter(({ name, labels }) => name.length <= longest.name && labels.length <= longest.labels)
}

type Labels = Record<string, string>

/** How much a counter has grown; one that is lower than before, or was not there, began at zero. */
function increases(
  before: Scraped,
  now: Scraped,
): (name: string, labels: Labels, value: number) => number | undefined {
  const isSame = before.process === now.process
  const former = new Map(
    isSame ? before.points.map((one) => [`${one.name}{${labelsText(one.labels)}}`, one.value]) : [],
  )
  return (name, labels, value) => {
    if (!Number.isFinite(value) || value < 0) return undefined
    const old = former.get(`${name}{${labelsText(labels)}}`) ?? 0
    return value >= old ? value - old : value
  }
}

/** What a sample is by the type of its metric; null for what is not a measurement. */
function kindOf(
  name: string,
  labels: Labels,
  types: Map<string, string>,
): 'counter' | 'gauge' | 'bucket' | null {
  const suffix = /_(total|count|sum|bucket|created)$/.exec(name)?.[1]
  const family = suffix === undefined ? name : name.slice(0, -suffix.length - 1)
  const own = types.get(name)
  const type = own ?? types.get(family)
  if (own === undefined && suffix === 'created' && type !== undefined) return null
  if (type === 'counter') return 'counter'
  if (type === 'histogram' || (type === undefined && 'le' in labels))
    return suffix === 'bucket' ? 'bucket' : suffix === undefined ? null : 'counter'
  if (type === 'summary') return suffix === 'count' || suffix === 'sum' ? 'counter' : 'gauge'
  if (type === undefined || type === 'unknown' || type === 'untyped')
    return suffix === 'total' ? 'counter' : 'gauge'
  return 'gauge'
}

/** Quantiles, interpolated within the bucket that contains them as Prometheus does. */
function quantilesOf({
  name,
  labels,
  counts,
}: {
  name: string
  labels: Labels
  counts: Map<number, number>
}): MetricValue[] {
  const rising = [...counts].filter(([bound]) => !Number.isNaN(bound)).toSorted(([a], [b]) => a - b)
  const total = rising.at(-1)?.[1] ?? 0
  if (total <= 0 || rising.length < 2 || rising.at(-1)?.[0] !== Infinity) return []
  return quantiles.map((share) => {
    const i = rising.findIndex(([, count]) => count >= share * total)
    const [bound, count] = rising[i] ?? [Infinity, total]
    const [low, below] = rising[i - 1] ?? [Math.min(0, bound), 0]
    const value =
      bound === Infinity
        ? low
        : low + ((bound - low) * (share * total - below)) / Math.max(count - below, 1e-9)
    const text = labelsText({ ...labels, quantile: String(share) })
    return { name, labels: text, instance: null, unit: '', value }
  })
}

/** Labels as text, sorted by name. */
export const labelsText = (labels: Labels): string =>
  Object.keys(labels)
    .toSorted()
    .map((key) => `${key}="${(labels[key] ?? '').replace(/[\\"\n]/g, escaped)}"`)
    .join(',')

const escaped = (one: string): string => (one === '\n' ? '\\n' : `\\${one}`)

/** The labels of `labelsText`. */
export const labelsOf = (text: string): Labels => parseSelector(`_{${text}}`).labels ?? {}

/**
 * At most `most` series of a service, counting those that were stored before: a label with many
 * values must not fill the disk. Also returns how many are left out. Pure.
 */
export function withinLimit(
  values: MetricValue[],
  stored: Set<string>,
  most: number,
): { kept: MetricValue[]; left: number } {
  const seen = new Set(stored)
  const kept = values.filter((one) => {
    const key = seriesText(one)
    if (seen.size >= most && !seen.has(key)) return false
    seen.add(key)
    return true
  })
  return { kept, left: values.length - kept.length }
}

export const seriesText = ({
  name,
  labels,
  instance,
}: Pick<MetricValue, 'name' | 'instance'> & { labels: string | null }): string =>
  `${name}{${labels ?? ''}}/${instance ?? ''}`
