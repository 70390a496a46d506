import type { Mark } from '#contract/signal/signal.ts'
import { momentWords } from '#contract/time-words.ts'
import { Chart } from '../chart/chart.tsx'
import { ChartFrame } from '../chart/frame.tsx'
import { Key } from '../chart/key.tsx'
import { type ChartData, highest, type Line, lowest } from '../chart/spec.ts'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { spansOf } from './columns.ts'
import { crossing, markOf } from './marks.ts'

export interface SeriesLine extends Pick<Line, 'colour' | 'dash'> {
  /** empty for the only line of a chart, which the title names */
  text: string
  /** null is unknown */
  values: (number | null)[]
}

interface Props {
  title: string
  /** of the values; may be empty */
  unit: string
  /** milliseconds since the epoch */
  times: number[]
  lines: SeriesLine[]
  marks: Mark[]
  /** the release with the most traffic at each time, where it is known */
  releases?: (number | null)[]
  /** the least upper end of the y axis */
  top: number
  format: (value: number) => string
  /** a sentence after the newest values */
  note?: string
}

/** A chart of values by time, with marks, and the colour of the release that had the traffic. */
export function SeriesPanel({
  title,
  unit,
  times,
  lines,
  marks,
  releases = [],
  top,
  format,
  note = '',
}: Props) {
  const data: ChartData = [times, ...lines.map(({ values }) => values)]
  const now = lastKnown(lines)
  const drawn: Line[] = lines.map(({ colour, dash }) => ({
    ...{ colour, width: 1.75 },
    ...(dash && { dash }),
  }))
  const valueAt = ({ values }: SeriesLine, i: number): string => {
    const value = values[i]
    return value === null || value === undefined ? 'unknown' : format(value)
  }
  const words = (i: number): string =>
    lines
      .map((line) => (line.text === '' ? [valueAt(line, i), unit] : [line.text, valueAt(line, i)]))
      .map((parts) => parts.filter(Boolean).join(' '))
      .join(', ')
  return (
    <ChartFrame
      title={title}
      summary={[now === null ? 'Unknown.' : `Now: ${words(now)}.`, note].filter(Boolean).join(' ')}
      empty={now === null ? 'Nothing was measured in this time.' : undefined}
      legend={
        lines.length > 1
          ? lines.map(({ text }, i) => (
              <Key key={text} {...drawn[i]}>
                {text}
              </Key>
            ))
          : null
      }
      table={() => (
        <NumbersTable
          head={['Time', ...lines.map(({ text }) => text || title)]}
          rows={times
            .map((time, i) => [
              momentWords(new Date(time).toISOString()),
              ...lines.map((line) => valueAt(line, i)),
            ])
            .toReversed()}
        />
      )}
    >
      <Chart
        title={title}
        label={`${`${title} ${unit}`.trim()}, by time; ${crossing}`}
        sync="signals"
        initial={now ?? undefined}
        data={data}
        spec={{
          lines: drawn,
          x: { scale: 'time', range: [times[0] ?? 0, times.at(-1) ?? 1] },
          y: { scale: 'linear', range: [lowest(data, 0), highest(data, top)], format },
          marks: marks.map(markOf),
          spans: spansOf(times, releases),
        }}
        read={(i) => {
          const time = times[i]
          return time === undefined ? null : (
            <>
              {momentWords(new Date(time).toISOString())}: {words(i)}
              {(releases[i] ?? null) === null ? '' : `; release ${releases[i]}`}
            </>
          )
        }}
      />
    </ChartFrame>
  )
}

/** The newest place where something is known; null when nothing is. */
function lastKnown(lines: SeriesLine[]): number | null {
  const length = lines[0]?.values.length ?? 0
  for (let i = length - 1; i >= 0; i -= 1)
    if (lines.some(({ values }) => (values[i] ?? null) !== null)) return i
  return null
}
