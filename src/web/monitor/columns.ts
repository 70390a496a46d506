import type { Series, SeriesAnswer, SignalName } from '#contract/signal/signal.ts'

/** The values of a chart, in milliseconds since 1970 and one column for each signal. */
export interface Columns {
  times: number[]
  columns: (number | null)[][]
}

/** The columns of some signals in one environment: sums over services, releases and instances. */
export function columnsOf(
  { from, step, series }: SeriesAnswer,
  environment: string,
  names: readonly SignalName[],
  combine: 'sum' | 'most' = 'sum',
): Columns {
  const length = Math.max(0, ...series.map(({ values }) => values.length))
  const start = Date.parse(from)
  const times = Array.from({ length }, (_, i) => start + i * step * 1000)
  const columns = names.map((name) => {
    const mine = series.filter((one) => one.name === name && one.environment === environment)
    return times.map((_, i) => combined(mine, i, combine))
  })
  return { times, columns }
}

function combined(series: Series[], i: number, combine: 'sum' | 'most'): number | null {
  const values = series.flatMap(({ values: all }) => all[i] ?? [])
  if (values.length === 0) return null
  return combine === 'most' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0)
}
