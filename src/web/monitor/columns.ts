import type { Series, SeriesAnswer, SignalName } from '#contract/signal/signal.ts'
import { releaseColour, type Span } from '../chart/spec.ts'

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

/** The release with the most requests at each time of an answer; null where there were none. */
export function releasesOf({ series }: SeriesAnswer, environment: string): (number | null)[] {
  const mine = series.filter(
    (one) => one.name === 'requests' && one.environment === environment && one.release !== null,
  )
  const length = Math.max(0, ...mine.map(({ values }) => values.length))
  return Array.from({ length }, (_, i) => {
    const byRelease = new Map<number, number>()
    for (const { release, values } of mine)
      byRelease.set(release!, (byRelease.get(release!) ?? 0) + (values[i] ?? 0))
    const [found] = [...byRelease].toSorted(([, a], [, b]) => b - a)
    return found && found[1] > 0 ? found[0] : null
  })
}

/** The times in which each release had the traffic. A value holds until the next one. */
export function spansOf(times: number[], releases: (number | null)[]): Span[] {
  const spans: (Span & { release: number })[] = []
  releases.forEach((release, i) => {
    const from = times[i]
    if (release === null || from === undefined) return
    const until = times[i + 1] ?? from
    const last = spans.at(-1)
    if (last?.release === release && last.until === from) last.until = until
    else spans.push({ release, from, until, colour: releaseColour(release) })
  })
  return spans.map(({ from, until, colour }) => ({ from, until, colour }))
}
