import type { VerdictView } from '#contract/verdict/verdict.ts'
import { ChartFrame } from '../chart/frame.tsx'
import { Key } from '../chart/key.tsx'
import { type Line, thinned } from '../chart/spec.ts'
import { formatElapsed, ratioRange } from '../chart/ticks.ts'
import { formatRange, formatRatio } from '../ui/number.ts'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { TimeChart } from './time-chart.tsx'
import { judgementOf, type Moment, ratioColumns, ratioSentence } from './words.ts'

const estimateLine: Line = { colour: 'move', width: 2.5 }
const boundLine: Line = { colour: 'move', width: 0 }
const toleratedLine: Line = { colour: 'warn', width: 1.5, dash: [5, 3] }
const bandOpacity = 0.2

/** The error rate of the canary as a multiple of the baseline's, with its confidence interval. */
export function RatioChart({
  view,
  moments,
  until,
}: {
  view: VerdictView
  moments: Moment[]
  until: number
}) {
  const title = 'Error rate relative to the baseline'
  const tolerated = 1 + view.settings.tolerance.errors
  const summary = ratioSentence(view)
  const { baseline, canary } = judgementOf(view).errors
  // The first intervals are so wide that they would flatten everything after them.
  const late = moments
    .slice(Math.floor(moments.length / 3))
    .flatMap(({ ratio }) => [ratio.low, ratio.high])
  const range = ratioRange([...late, ...moments.map(({ ratio }) => ratio.estimate), tolerated])
  return (
    <ChartFrame
      title={title}
      summary={summary}
      empty={
        moments.length === 0
          ? 'No requests have arrived yet.'
          : baseline.errors + canary.errors === 0
            ? 'Without a failed request, there is no ratio to draw.'
            : undefined
      }
      legend={
        <>
          <Key {...estimateLine}>Canary / baseline</Key>
          <Key colour="move" fill={bandOpacity}>
            Confidence interval
          </Key>
          <Key {...toleratedLine}>Tolerated: {formatRatio(tolerated)}</Key>
        </>
      }
      table={() => (
        <NumbersTable
          head={['After', 'Estimate', 'Interval', 'Canary errors', 'Baseline errors']}
          rows={thinned(moments, 40).map(({ elapsed, ratio, errors, requests }) => [
            formatElapsed(Math.round(elapsed / 1000) * 1000),
            formatRatio(ratio.estimate),
            formatRange(ratio),
            `${errors.canary} of ${requests.canary}`,
            `${errors.baseline} of ${requests.baseline}`,
          ])}
        />
      )}
    >
      <TimeChart
        title={title}
        label={summary}
        sync={`canary ${view.deployment}`}
        moments={moments}
        until={until}
        columns={ratioColumns(moments, range)}
        lines={[boundLine, boundLine, estimateLine]}
        bands={[{ low: 1, high: 2, colour: 'move', opacity: bandOpacity }]}
        levels={[
          { value: 1, colour: 'ink', width: 1 },
          { ...toleratedLine, value: tolerated },
        ]}
        y={{ scale: 'log', range, format: (tick) => `${tick}×` }}
        read={({ ratio }) =>
          `${formatRatio(ratio.estimate)}, confidence interval ${formatRange(ratio)}.`
        }
      />
    </ChartFrame>
  )
}
