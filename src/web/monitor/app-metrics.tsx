import type { Metric, MetricsAnswer } from '#contract/signal/signal.ts'
import { SelectFilter, useFilter } from '../ui/filters.tsx'
import { Section } from '../ui/page.tsx'
import { useMetrics } from './queries.ts'
import { type SeriesLine, SeriesPanel } from './series-panel.tsx'

/** One metric that the services of an app expose, the first until another is chosen. */
export function AppMetrics({
  app,
  environment,
  minutes,
}: {
  app: string
  environment: string
  minutes: number
}) {
  const [chosen] = useFilter('metric')
  const names = useMetrics(app, { environment, metric: chosen, minutes }).data?.names ?? []
  const metric = chosen || (names[0] ?? '')
  const { data } = useMetrics(app, { environment, metric, minutes })
  if (!data || names.length === 0) return null
  return (
    <Section
      title="Metrics of the app"
      aside={
        <SelectFilter
          name="metric"
          label="Metric"
          choices={names.map((value) => ({ value, text: value }))}
          fallback={metric}
        />
      }
    >
      <MetricPanel answer={data} metric={metric} />
    </Section>
  )
}

/** How lines are told apart. Red and green stand for bad and good, so no series has them. */
const looks: Pick<SeriesLine, 'colour' | 'dash'>[] = [
  { colour: 'move' },
  { colour: 'ink' },
  { colour: 'warn' },
  { colour: 'move', dash: [6, 3] },
  { colour: 'ink', dash: [6, 3] },
  { colour: 'warn', dash: [6, 3] },
]
const short = (value: number): string => String(Number(value.toPrecision(4)))

const nameOf = ({ labels, service, instance }: Metric): string =>
  [
    service ?? '',
    ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    ...(instance === null ? [] : [`instance ${instance}`]),
  ].join(' ')

function MetricPanel({
  answer: { from, step, series, marks },
  metric,
}: {
  answer: MetricsAnswer
  metric: string
}) {
  const lines = series
    .slice(0, looks.length)
    .map((one, i): SeriesLine => ({ text: nameOf(one), values: one.values, ...looks[i]! }))
  const start = Date.parse(from)
  const times = (lines[0]?.values ?? []).map((_, i) => start + i * step * 1000)
  const unit = series[0]?.unit ?? ''
  const left = series.length - lines.length
  const notes = [
    unit === '' ? '' : `Values are ${unit}.`,
    left === 0 ? '' : `${left} more series are not drawn.`,
  ]
  return (
    <SeriesPanel
      title={series[0]?.name ?? metric}
      {...{ unit, times, lines, marks }}
      top={0.001}
      format={short}
      note={notes.filter(Boolean).join(' ')}
    />
  )
}
