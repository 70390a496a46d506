import type { SeriesAnswer, SignalName } from '#contract/signal/signal.ts'
import { Chart } from '../chart/chart.tsx'
import { ChartFrame } from '../chart/frame.tsx'
import { Key } from '../chart/key.tsx'
import { type ChartData, type Colour, highest, type Line } from '../chart/spec.ts'
import { momentWords } from '#contract/time-words.ts'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { columnsOf } from './columns.ts'

interface SignalChart {
  title: string
  unit: string
  lines: { name: SignalName; text: string; colour: Colour }[]
  combine: 'sum' | 'most'
  /** the least upper end of the y axis */
  top: number
  format: (value: number) => string
}

const short = (value: number): string => String(Number(value.toPrecision(3)))
const megabytes = (value: number): string => `${Math.round(value / 1e6)} MB`

const charts: SignalChart[] = [
  {
    ...{ title: 'Requests', unit: 'a second', combine: 'sum', top: 1, format: short },
    lines: [
      { name: 'requests', text: 'all', colour: 'move' },
      { name: 'errors', text: 'errors', colour: 'bad' },
      { name: 'client-errors', text: '4xx', colour: 'warn' },
    ],
  },
  {
    ...{ title: 'Latency', unit: 'ms', combine: 'most', top: 10, format: short },
    lines: [
      { name: 'latency-p50', text: 'half are faster', colour: 'good' },
      { name: 'latency-p95', text: '95 % are faster', colour: 'move' },
      { name: 'latency-p99', text: '99 % are faster', colour: 'warn' },
    ],
  },
  {
    ...{ title: 'Processor', unit: 'cores', combine: 'sum', top: 0.1, format: short },
    lines: [{ name: 'cpu', text: 'cores', colour: 'move' }],
  },
  {
    ...{ title: 'Memory', unit: '', combine: 'sum', top: 1e7, format: megabytes },
    lines: [{ name: 'memory', text: 'memory', colour: 'move' }],
  },
]

/** What was measured in an environment, with deployments as marks. */
export function SignalCharts({
  answer,
  environment,
}: {
  answer: SeriesAnswer
  environment: string
}) {
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      {charts.map((chart) => (
        <SignalPanel key={chart.title} chart={chart} answer={answer} environment={environment} />
      ))}
    </div>
  )
}

function SignalPanel({
  chart: { title, unit, lines, combine, top, format },
  answer,
  environment,
}: {
  chart: SignalChart
  answer: SeriesAnswer
  environment: string
}) {
  const names = lines.map(({ name }) => name)
  const { times, columns } = columnsOf(answer, environment, names, combine)
  const data: ChartData = [times, ...columns]
  const marks = answer.marks.filter((mark) => mark.environment === environment)
  const isKnown = columns.some((column) => column.some((value) => value !== null))
  const drawn: Line[] = lines.map(({ colour }) => ({ colour, width: 1.75 }))
  const words = (i: number): string =>
    lines
      .map(({ text }, line) => {
        const value = columns[line]?.[i]
        return `${text} ${value === null || value === undefined ? 'unknown' : format(value)}`
      })
      .join(', ')
  return (
    <ChartFrame
      title={title}
      summary={isKnown && times.length > 0 ? `Now: ${words(lastKnown(columns))}.` : 'Unknown.'}
      empty={isKnown ? undefined : 'Nothing was measured in this time.'}
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
          head={['Time', ...lines.map(({ text }) => text)]}
          rows={times
            .map((time, i) => [
              momentWords(new Date(time).toISOString()),
              ...columns.map((column) => {
                const value = column[i]
                return value === null || value === undefined ? 'unknown' : format(value)
              }),
            ])
            .toReversed()}
        />
      )}
    >
      <Chart
        title={title}
        label={`${title} ${unit}, by time; lines across are deployments`}
        sync="signals"
        data={data}
        spec={{
          lines: drawn,
          x: { scale: 'time', range: [times[0] ?? 0, times.at(-1) ?? 1] },
          y: { scale: 'linear', range: [0, highest(data, top)], format },
          marks: marks.map(({ time, release }) => ({
            x: Date.parse(time),
            label: `release ${release}`,
          })),
        }}
        read={(i) => {
          const time = times[i]
          return time === undefined ? null : (
            <>
              {momentWords(new Date(time).toISOString())}: {words(i)}
            </>
          )
        }}
      />
    </ChartFrame>
  )
}

/** The newest place where something is known. */
function lastKnown(columns: (number | null)[][]): number {
  const length = columns[0]?.length ?? 0
  for (let i = length - 1; i >= 0; i -= 1)
    if (columns.some((column) => (column[i] ?? null) !== null)) return i
  return 0
}
