import type { VerdictView } from '#contract/verdict/verdict.ts'
import { formatMilliseconds, formatShare } from '../ui/number.ts'
import { type Bar, barsOf } from './bars.ts'
import { ChartFrame, Key } from './chart-frame.tsx'
import { NumbersTable } from './numbers-table.tsx'
import { boxOf, Plot } from './plot.tsx'
import { linear, linearTicks, logarithmic, logTicks, type Scale } from './scale.ts'
import { type Arm, judgementOf } from './words.ts'

/** How long the requests of both releases took, laid over each other. */
export function LatencyChart({ view }: { view: VerdictView }) {
  const summary = summaryOf(view)
  const isEmpty = view.latency.baseline.length + view.latency.canary.length === 0
  return (
    <ChartFrame
      title="How long requests take"
      summary={summary}
      empty={isEmpty ? 'No request has come yet.' : undefined}
      legend={
        <>
          <Key look={<rect width="18" height="10" className="fill-soft/35" />}>Before</Key>
          <Key look={<path d="M0,10V1H18V10" className="fill-none stroke-move" strokeWidth="2" />}>
            Canary
          </Key>
        </>
      }
      table={() => (
        <NumbersTable
          head={['From', 'To', 'Before', 'Canary']}
          rows={barsOf(view.latency, 30).map((bar) => [
            formatMilliseconds(bar.from),
            formatMilliseconds(bar.to),
            formatShare(bar.baseline),
            formatShare(bar.canary),
          ])}
        />
      )}
    >
      {(width) => (
        <Drawing
          bars={barsOf(view.latency, Math.floor((width - 50) / 7))}
          width={width}
          label={summary}
        />
      )}
    </ChartFrame>
  )
}

function Drawing({ bars, width, label }: { bars: Bar[]; width: number; label: string }) {
  const box = boxOf(width)
  const [low, high] = [bars[0]?.from ?? 1, bars.at(-1)?.to ?? 10]
  const most = Math.max(...bars.flatMap(({ baseline, canary }) => [baseline, canary]))
  const x = logarithmic([low, high], [box.left, box.right])
  const y = linear([0, most * 1.05], [box.bottom, box.top])
  return (
    <Plot
      width={width}
      label={label}
      x={{
        scale: x,
        ticks: logTicks(low, high, Math.max(2, Math.floor(width / 60))),
        format: formatMilliseconds,
      }}
      y={{ scale: y, ticks: linearTicks(0, most, 4), format: formatShare }}
      places={bars.map(({ from, to }) => (x(from) + x(to)) / 2)}
      first={bars.reduce((best, bar, i) => (bar.canary > (bars[best]?.canary ?? 0) ? i : best), 0)}
      read={(point) => {
        const bar = bars[point]
        return bar
          ? `${formatMilliseconds(bar.from)} to ${formatMilliseconds(bar.to)}: ${formatShare(bar.canary)} of the canary’s requests, ${formatShare(bar.baseline)} before.`
          : null
      }}
    >
      <path d={`${outline(bars, 'baseline', x, y)}Z`} className="fill-soft/35" />
      <path
        d={outline(bars, 'canary', x, y)}
        className="fill-move/10 stroke-move"
        strokeWidth="2"
        strokeLinejoin="round"
      />
    </Plot>
  )
}

/** Along the tops of the bars, from the ground to the ground. */
function outline(bars: Bar[], arm: Arm, x: Scale, y: Scale): string {
  const tops = bars.map((bar) => `V${y(bar[arm]).toFixed(1)}H${x(bar.to).toFixed(1)}`)
  return `M${x(bars[0]?.from ?? 0).toFixed(1)},${y(0)}${tops.join('')}V${y(0)}`
}

function summaryOf(view: VerdictView): string {
  const { quantiles } = judgementOf(view).latency
  const told = quantiles
    .filter(({ quantile }) => quantile === 0.5 || quantile === 0.99)
    .map(
      ({ quantile, baseline, canary }) =>
        `${quantile === 0.5 ? 'half of the requests take' : 'and 99 of 100'} at most ${formatMilliseconds(canary)} (before: ${formatMilliseconds(baseline)})`,
    )
  return told.length === 0 ? 'Nothing is known of it yet.' : `With the canary ${told.join(', ')}.`
}
