import type { VerdictView } from '#contract/verdict/verdict.ts'
import { Chart } from '../chart/chart.tsx'
import { ChartFrame } from '../chart/frame.tsx'
import { Key } from '../chart/key.tsx'
import { type ChartData, highest, type Line } from '../chart/spec.ts'
import { formatMilliseconds, formatShare } from '../ui/number.ts'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { type Bar, barsOf } from './bars.ts'
import { latencySentence } from './words.ts'

const baselineLine: Line = { colour: 'soft', width: 0, shape: 'histogram', fill: 0.35 }
const canaryLine: Line = { colour: 'move', width: 2, shape: 'histogram', fill: 0.1 }
const mostBars = 70

/** The distribution of the latency of both releases, one over the other. */
export function LatencyChart({ view }: { view: VerdictView }) {
  const title = 'Latency'
  const summary = latencySentence(view)
  const bars = barsOf(view.latency, mostBars)
  return (
    <ChartFrame
      title={title}
      summary={summary}
      empty={bars.length === 0 ? 'No requests have arrived yet.' : undefined}
      legend={
        <>
          <Key {...baselineLine} shape="line">
            Baseline
          </Key>
          <Key {...canaryLine}>Canary</Key>
        </>
      }
      table={() => (
        <NumbersTable
          head={['From', 'To', 'Baseline', 'Canary']}
          rows={barsOf(view.latency, 30).map((bar) => [
            formatMilliseconds(bar.from),
            formatMilliseconds(bar.to),
            formatShare(bar.baseline),
            formatShare(bar.canary),
          ])}
        />
      )}
    >
      <Histogram title={title} label={summary} bars={bars} />
    </ChartFrame>
  )
}

function Histogram({ title, label, bars }: { title: string; label: string; bars: Bar[] }) {
  const data: ChartData = [
    bars.map(({ from, to }) => Math.sqrt(from * to)),
    bars.map(({ baseline }) => baseline),
    bars.map(({ canary }) => canary),
  ]
  const range: [number, number] = [bars[0]?.from ?? 1, bars.at(-1)?.to ?? 10]
  return (
    <Chart
      title={title}
      label={label}
      data={data}
      spec={{
        x: { scale: 'log', range, format: formatMilliseconds },
        y: { scale: 'linear', range: [0, highest(data, 0) * 1.05], format: formatShare },
        lines: [baselineLine, canaryLine],
      }}
      initial={bars.reduce(
        (best, bar, i) => (bar.canary > (bars[best]?.canary ?? 0) ? i : best),
        0,
      )}
      read={(index) => {
        const bar = bars[index]
        if (!bar) return null
        const shares = `canary ${formatShare(bar.canary)}, baseline ${formatShare(bar.baseline)}`
        return `${formatMilliseconds(bar.from)} to ${formatMilliseconds(bar.to)}: ${shares}.`
      }}
    />
  )
}
