import type { SloDetail } from '#contract/slo/slo.ts'
import { momentWords } from '#contract/time-words.ts'
import { Chart } from '../chart/chart.tsx'
import { ChartFrame } from '../chart/frame.tsx'
import type { ChartData } from '../chart/spec.ts'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { RowsShape } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { budgetOf } from './budget.ts'
import { crossing, markOf } from './marks.ts'
import { percent, promise } from './objectives.tsx'
import { useSlo } from './queries.ts'

/** How an objective's error budget was used in its window, with marks. */
export function ObjectiveChart({ app, monitor }: { app: string; monitor: number }) {
  const query = useSlo(app, monitor)
  return (
    <div className="mt-4">
      <Loaded query={query} shape={<RowsShape rows={1} height="h-52" />}>
        {(slo) => <BudgetPanel slo={slo} />}
      </Loaded>
    </div>
  )
}

const title = 'Error budget'
const hourMs = 3_600_000
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const share = (value: number): string => `${Math.round(value * 100)} %`

function BudgetPanel({ slo }: { slo: SloDetail }) {
  const { hours, marks, budgetLeft, requests, bad, objective } = slo
  const { times, left } = budgetOf(slo)
  const data: ChartData = [times, left]
  const summary =
    budgetLeft === null
      ? `${promise(slo)}.`
      : `${promise(slo)}. ${whole.format(bad)} of ${whole.format(requests)} were bad, and ` +
        `${percent(1 - objective)} may be: ` +
        (budgetLeft > 0 ? `${share(budgetLeft)} of the budget is left.` : 'the budget is used up.')
  const countWords = (i: number): string =>
    `${whole.format(hours[i]?.bad ?? 0)} of ${whole.format(hours[i]?.requests ?? 0)}`
  return (
    <ChartFrame
      title={title}
      summary={summary}
      empty={hours.length > 0 ? undefined : 'No requests were counted yet.'}
      table={() => (
        <NumbersTable
          head={['Hour', 'Bad requests', 'Budget left']}
          rows={hours
            .map(({ time }, i) => [momentWords(time), countWords(i), share(left[i] ?? 0)])
            .toReversed()}
        />
      )}
    >
      <Chart
        title={title}
        label={`Share of the error budget that is left, by hour; ${crossing}`}
        data={data}
        spec={{
          lines: [{ colour: 'move', width: 1.75, shape: 'steps', fill: 0.08 }],
          x: {
            scale: 'time',
            // The last hour has marks, too.
            range: [times[0] ?? 0, (times.at(-1) ?? 0) + hourMs],
          },
          y: { scale: 'linear', range: [Math.min(0, ...left), 1], format: share },
          marks: marks.map(markOf),
        }}
        read={(i) => {
          const hour = hours[i]
          return hour === undefined ? null : (
            <>
              {momentWords(hour.time)}: {countWords(i)} requests were bad, {share(left[i] ?? 0)} of
              the budget was left
            </>
          )
        }}
      />
    </ChartFrame>
  )
}
