import type { SeriesAnswer, SignalName } from '#contract/signal/signal.ts'
import type { Colour } from '../chart/spec.ts'
import { columnsOf, releasesOf } from './columns.ts'
import { SeriesPanel } from './series-panel.tsx'

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
    lines: [{ name: 'cpu', text: '', colour: 'move' }],
  },
  {
    ...{ title: 'Memory', unit: '', combine: 'sum', top: 1e7, format: megabytes },
    lines: [{ name: 'memory', text: '', colour: 'move' }],
  },
]

/** What was measured in an environment, with what may explain a change as marks. */
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
  const releases = releasesOf(answer, environment)
  const { times, columns } = columnsOf(answer, environment, names, combine)
  return (
    <SeriesPanel
      {...{ title, unit, times, top, format, releases }}
      lines={lines.map(({ text, colour }, i) => ({ text, colour, values: columns[i] ?? [] }))}
      marks={answer.marks.filter(
        (mark) => mark.environment === null || mark.environment === environment,
      )}
    />
  )
}
