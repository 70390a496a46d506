import type { MetricFile } from '#contract/pipeline-file/canary-file.ts'
import type { Reading } from '#contract/verdict/metric.ts'

/** One sample of Prometheus' text format, or of a query result. */
export interface Point {
  name: string
  labels: Record<string, string>
  value: number
}

const escapes: Record<string, string> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' }

/** Characters; the server parses the text of services between requests. */
const maxLength = 2_000_000

/**
 * Parses the Prometheus text format 0.0.4 and OpenMetrics 1.0, in time proportional to the length
 * of the text. Ignores invalid lines. A text of more than two million characters has no points:
 * its metrics are unknown.
 */
export const parseExposition = (text: string): Point[] =>
  text.length > maxLength ? [] : text.split('\n').flatMap((line) => parseLine(line) ?? [])

const nameAt = /[a-zA-Z_:][\w:]*/y
const numberAt = /[ \t]+(\S+)/y

function parseLine(line: string): Point | null {
  const name = matchAt(nameAt, line, 0)?.[0]
  if (name === undefined) return null
  const set = line[name.length] === '{' ? parseLabels(line, name.length) : null
  if (line[name.length] === '{' && set === null) return null
  const number = matchAt(numberAt, line, set?.end ?? name.length)?.[1]
  const value = Number(number?.replace(/^([+-]?)Inf$/i, '$1Infinity'))
  return Number.isNaN(value) ? null : { name, labels: set?.labels ?? {}, value }
}

const labelAt = /[\s,]*([a-zA-Z_]\w*)\s*=\s*"/y
const endAt = /[\s,]*\}/y

/** Reads the labels in braces that begin at a position; null when they are not valid. */
function parseLabels(
  text: string,
  start: number,
): { labels: Record<string, string>; end: number } | null {
  const labels: Record<string, string> = {}
  for (let at = start + 1; ;) {
    const end = matchAt(endAt, text, at)
    if (end) return { labels, end: at + end[0].length }
    const label = matchAt(labelAt, text, at)
    if (!label) return null
    const from = at + label[0].length
    const to = endOfString(text, from)
    if (to === -1) return null
    labels[label[1] ?? ''] = text
      .slice(from, to)
      .replace(/\\[n"\\]/g, (escape) => escapes[escape] ?? escape)
    at = to + 1
  }
}

/** The position of the quote that ends a string; -1 without one. */
function endOfString(text: string, from: number): number {
  let at = from
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at < text.length ? at : -1
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

interface Selector {
  name: string
  /** Null when the part in braces is not valid: then the selector matches nothing. */
  labels: Record<string, string> | null
}

function parseSelector(series: string): Selector {
  const brace = series.indexOf('{')
  return brace === -1
    ? { name: series, labels: {} }
    : { name: series.slice(0, brace), labels: parseLabels(series, brace)?.labels ?? null }
}

/** The names of the Prometheus metrics that a metric of fairlead.yaml is computed from. */
export function namesOf({ bad, of, histogram, gauge }: MetricFile): string[] {
  return [bad, of, histogram, gauge].flatMap((series) =>
    series === undefined ? [] : [parseSelector(series).name],
  )
}

const select = (points: Point[], { name, labels }: Selector): Point[] =>
  labels === null
    ? []
    : points.filter(
        (point) =>
          point.name === name &&
          Object.entries(labels).every(([key, value]) => point.labels[key] === value),
      )

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
