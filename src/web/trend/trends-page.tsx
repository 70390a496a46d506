import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { Trend } from '#contract/change/change.ts'
import { Chart } from '../chart/chart.tsx'
import { ChartFrame } from '../chart/frame.tsx'
import { Key } from '../chart/key.tsx'
import { highest, type Line } from '../chart/spec.ts'
import { useClient } from '../live/dependencies.tsx'
import { Nothing, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Ago } from '../ui/time.tsx'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { columnsOf, formatShort, summaryOf, type TrendChart, trendCharts } from './charts.ts'

/** The numbers of an app from run to run. */
export function TrendsPage() {
  const { app = '' } = useParams()
  useTitle(`${app}: insights`)
  const client = useClient()
  const query = useQuery({
    queryKey: ['trends', app],
    queryFn: async ({ signal }) =>
      (await client.listTrends({ params: { app }, query: { limit: 100 }, signal })).runs,
  })
  return (
    <Loaded query={query} shape={<RowsShape rows={4} height="h-52" />}>
      {(runs) =>
        runs.length === 0 ? (
          <Nothing>
            No run has any numbers yet. They come from the reports of its steps and from its code.
          </Nothing>
        ) : (
          <div className="grid gap-4 lg:grid-cols-2">
            {trendCharts.map((chart) => (
              <TrendPanel key={chart.title} chart={chart} runs={runs} />
            ))}
          </div>
        )
      }
    </Loaded>
  )
}

/** The label of a run on the axis; a failed run has a cross. */
const labelOf = (one: Trend | undefined): string =>
  one ? `run ${one.run}${one.state === 'failed' ? ' ✕' : ''}` : ''

function TrendPanel({ chart, runs }: { chart: TrendChart; runs: Trend[] }) {
  const { title, series, source, format, top } = chart
  const data = columnsOf(chart, runs)
  const isKnown = data.slice(1).some((column) => column.some((value) => value !== null))
  const summary = isKnown ? summaryOf(chart, runs) : 'Unknown.'
  const lines: Line[] = series.map(({ colour }) => ({ colour, width: 1.75 }))
  const inWords = (value: number | null): string => (value === null ? 'unknown' : format(value))
  return (
    <ChartFrame
      title={title}
      summary={summary}
      empty={isKnown ? undefined : `No run had ${source}.`}
      legend={
        series.length > 1
          ? series.map(({ name }, index) => (
              <Key key={name} {...lines[index]}>
                {name}
              </Key>
            ))
          : null
      }
      table={() => (
        <NumbersTable
          head={['Run', ...series.map(({ name }) => name)]}
          rows={runs.toReversed().map(({ run, state, numbers }) => [
            <Link key="run" to={`/runs/${run}/change`} className="quiet-link">
              {run}
              {state === 'failed' ? ' (failed)' : ''}
            </Link>,
            ...series.map(({ value }) => inWords(value(numbers))),
          ])}
        />
      )}
    >
      <Chart
        title={title}
        label={`${title}, by run`}
        sync="trends"
        data={data}
        spec={{
          lines,
          x: {
            scale: 'index',
            range: [0, Math.max(1, runs.length - 1)],
            format: (index) => labelOf(runs[index]),
          },
          y: {
            scale: 'linear',
            range: [0, highest(data, top)],
            format: (value) => formatShort(value, chart),
          },
        }}
        read={(index) => {
          const one = runs[index]
          if (!one) return null
          const values = series.map(
            ({ name, value }) =>
              `${series.length > 1 ? `${name} ` : ''}${inWords(value(one.numbers))}`,
          )
          return (
            <>
              Run {one.run}
              {one.state === 'failed' ? ', failed' : ''}, <Ago time={one.time} />:{' '}
              {values.join(', ')}
            </>
          )
        }}
      />
    </ChartFrame>
  )
}
