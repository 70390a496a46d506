import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { Trend } from '#contract/change/change.ts'
import { useClient } from '../live/world.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Ago } from '../ui/time.tsx'
import { ChartFrame, Key } from '../verdict/chart-frame.tsx'
import { NumbersTable } from '../verdict/numbers-table.tsx'
import { boxOf, Plot } from '../verdict/plot.tsx'
import { linear, linearTicks } from '../verdict/scale.ts'
import { linePath } from '../verdict/time-plot.tsx'
import { type Chart, charts, summaryOf } from './charts.ts'

/** How what is known of an app goes from run to run. */
export function TrendsPage() {
  const { app = '' } = useParams()
  useTitle(`${app}: trends`)
  const client = useClient()
  const query = useQuery({
    queryKey: ['trends', app],
    queryFn: async ({ signal }) =>
      (await client.listTrends({ params: { app }, query: { limit: 100 }, signal })).runs,
  })
  return (
    <>
      <PageHead
        crumbs={[
          { to: '/', text: 'Lines' },
          { to: `/apps/${app}`, text: `Line of ${app}` },
        ]}
        title={
          <>
            <span className="font-normal text-soft">{app}</span> trends
          </>
        }
      />
      <Loaded query={query} shape={<RowsShape rows={4} height="h-52" />}>
        {(runs) =>
          runs.length === 0 ? (
            <Nothing>
              No run came so far that its numbers are known. They are read from the reports of
              steps, and from the code.
            </Nothing>
          ) : (
            <div className="grid gap-4 lg:grid-cols-2">
              {charts.map((chart) => (
                <TrendChart key={chart.title} chart={chart} runs={runs} />
              ))}
            </div>
          )
        }
      </Loaded>
    </>
  )
}

function TrendChart({ chart, runs }: { chart: Chart; runs: Trend[] }) {
  const { title, series, source, format } = chart
  const known = runs.some(({ numbers }) => series.some(({ value }) => value(numbers) !== null))
  return (
    <ChartFrame
      title={title}
      summary={known ? summaryOf(chart, runs) : 'Unknown.'}
      empty={known ? undefined : `No run had ${source}.`}
      legend={
        series.length > 1
          ? series.map(({ name, look }) => (
              <Key
                key={name}
                look={<line x1="0" x2="18" y1="5" y2="5" strokeWidth="2" className={look} />}
              >
                {name}
              </Key>
            ))
          : null
      }
      table={() => (
        <NumbersTable
          head={['Run', ...series.map(({ name }) => name)]}
          rows={runs.toReversed().map(({ run, numbers }) => [
            <Link key="run" to={`/runs/${run}/change`} className="quiet-link">
              {run}
            </Link>,
            ...series.map(({ value }) => inWords(value(numbers), format)),
          ])}
        />
      )}
    >
      {(width) => <Drawing chart={chart} runs={runs} width={width} />}
    </ChartFrame>
  )
}

const inWords = (value: number | null, format: (value: number) => string): string =>
  value === null ? 'unknown' : format(value)

function Drawing({
  chart: { title, series, format, most },
  runs,
  width,
}: {
  chart: Chart
  runs: Trend[]
  width: number
}) {
  const box = boxOf(width)
  const values = series.flatMap(({ value }) => runs.flatMap(({ numbers }) => value(numbers) ?? []))
  const high = Math.max(most, ...values)
  const x = linear([0, Math.max(1, runs.length - 1)], [box.left, box.right])
  const y = linear([0, high], [box.bottom, box.top])
  const feet = linearTicks(0, runs.length - 1, Math.max(2, Math.floor(width / 80))).filter(
    Number.isInteger,
  )
  return (
    <Plot
      width={width}
      label={`${title}, by run`}
      x={{ scale: x, ticks: feet, format: (at) => `run ${runs[at]?.run ?? ''}` }}
      y={{ scale: y, ticks: linearTicks(0, high, 5), format: short }}
      places={runs.map((_, at) => x(at))}
      read={(at) => {
        const one = runs[at]
        if (!one) return null
        return (
          <>
            Run {one.run}, <Ago time={one.time} />:{' '}
            {series
              .map(
                ({ name, value }) =>
                  `${series.length > 1 ? `${name} ` : ''}${inWords(value(one.numbers), format)}`,
              )
              .join(', ')}
          </>
        )
      }}
    >
      {series.map(({ name, look, value }) => {
        const points = runs.map(({ numbers }, at): [number, number] | null => {
          const known = value(numbers)
          return known === null ? null : [x(at), y(known)]
        })
        return (
          <g key={name}>
            <path d={linePath(points)} fill="none" strokeWidth="1.75" className={look} />
            {points.map((point, at) =>
              // A point between two unknown ones would not be seen as a line.
              point && !points[at - 1] && !points[at + 1] ? (
                <circle
                  key={runs[at]?.run}
                  cx={point[0]}
                  cy={point[1]}
                  r="2.5"
                  strokeWidth="1.5"
                  className={`${look} fill-panel`}
                />
              ) : null,
            )}
          </g>
        )
      })}
    </Plot>
  )

  /** At the axis there is little room. */
  function short(value: number): string {
    if (high <= 1 && format(1).includes('%')) return `${Math.round(value * 1000) / 10} %`
    return value >= 1000
      ? `${Number((value / 1000).toPrecision(3))}k`
      : String(Number(value.toPrecision(3)))
  }
}
