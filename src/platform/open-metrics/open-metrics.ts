/** The media type of OpenMetrics 1.0. */
export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

export interface MetricPoint {
  labels: Record<string, string | number>
  value: number
}

export interface HistogramPoint {
  labels: Record<string, string | number>
  /** upper end of each bucket and the number of observations in it alone, ascending */
  buckets: { le: number; count: number }[]
  sum: number
  count: number
}

export type Metric =
  | { name: string; help: string; type: 'counter' | 'gauge'; unit?: string; points: MetricPoint[] }
  | { name: string; help: string; type: 'histogram'; unit?: string; points: HistogramPoint[] }

/** Writes metrics as OpenMetrics 1.0 text. Metrics without points are left out. */
export const openMetrics = (metrics: Metric[]): string =>
  [...metrics.filter(({ points }) => points.length > 0).flatMap(linesOf), '# EOF', ''].join('\n')

function linesOf(metric: Metric): string[] {
  const { name, help, type, unit } = metric
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escape(help)}`,
    ...(metric.type === 'histogram'
      ? metric.points.flatMap((point) => histogramLines(name, point))
      : metric.points.map(({ labels, value }) =>
          line(metric.type === 'counter' ? `${name}_total` : name, labels, value),
        )),
  ]
}

function histogramLines(name: string, { labels, buckets, sum, count }: HistogramPoint): string[] {
  let total = 0
  return [
    ...buckets.map(({ le, count: own }) =>
      line(`${name}_bucket`, { ...labels, le: numberText(le) }, (total += own)),
    ),
    line(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
    line(`${name}_sum`, labels, sum),
    line(`${name}_count`, labels, count),
  ]
}

function line(name: string, labels: Record<string, string | number>, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(String(text))}"`)
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`
}

/** `le` is a canonical float: whole numbers end with `.0`. */
const numberText = (value: number): string =>
  Number.isInteger(value) ? `${value}.0` : String(value)

const escape = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
