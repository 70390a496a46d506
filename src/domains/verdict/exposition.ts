import type { MetricFile } from '#contract/pipeline-file/canary-file.ts'
import type { Reading } from '#contract/verdict/metric.ts'
import { parseSelector, type Point, select } from '#platform/net/exposition.ts'

/** The names of the Prometheus metrics that a metric of fairlead.yaml is computed from. */
export function namesOf({ bad, of, histogram, gauge }: MetricFile): string[] {
  return [bad, of, histogram, gauge].flatMap((series) =>
    series === undefined ? [] : [parseSelector(series).name],
  )
}

function sumOf(points: Point[], series: string): number | null {
  const found = select(points, parseSelector(series))
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0)
}

/**
 * Reads a metric from the points of one instance; null when it has none. A missing counter of
 * failures is zero when the counter of all events exists.
 */
export function readMetric(instance: string, points: Point[], metric: MetricFile): Reading | null {
  if (metric.histogram !== undefined) {
    const { name, labels } = parseSelector(metric.histogram)
    return readBuckets(instance, select(points, { name: `${name}_bucket`, labels }))
  }
  if (metric.gauge !== undefined) return readingOf(instance, [sumOf(points, metric.gauge)])
  if (metric.bad === undefined) return null
  const bad = sumOf(points, metric.bad)
  if (metric.of === undefined) return readingOf(instance, [bad])
  const of = sumOf(points, metric.of)
  return readingOf(instance, [of === null ? bad : (bad ?? 0), of])
}

export function readingOf(instance: string, numbers: (number | null)[]): Reading | null {
  const known = numbers.filter(
    (number): number is number => number !== null && Number.isFinite(number),
  )
  return known.length === numbers.length ? { instance, numbers: known } : null
}

/** Builds a histogram from its buckets, summed over every label except `le`. */
export function readBuckets(instance: string, buckets: Point[]): Reading | null {
  const sums = new Map<number, number>()
  for (const { labels, value } of buckets) {
    const bound = Number(labels['le']?.replace(/^\+?Inf$/i, 'Infinity'))
    if (!Number.isNaN(bound)) sums.set(bound, (sums.get(bound) ?? 0) + value)
  }
  const rising = [...sums].toSorted(([a], [b]) => a - b)
  const bounds = rising.map(([bound]) => bound).filter(Number.isFinite)
  if (bounds.length === 0 || bounds.length === rising.length) return null
  return { instance, numbers: rising.map(([, count]) => count), bounds }
}
