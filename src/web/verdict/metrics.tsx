import type { MetricJudgement } from '#contract/verdict/metric.ts'
import type { VerdictView } from '#contract/verdict/verdict.ts'
import { formatCount, formatRange, formatRatio, unknown } from '../ui/number.ts'
import type { Badge } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { armWords, judgementOf } from './words.ts'
import { Scrollable } from '../ui/scrollable.tsx'

/** Metrics that the app itself reports; nothing if fairlead.yaml defines none. */
export function Metrics({ view }: { view: VerdictView }) {
  const { metrics } = judgementOf(view)
  if (metrics.length === 0) return null
  return (
    <Scrollable role="region" label="App metrics" className="panel min-w-0 px-4 py-3">
      <h2 className="mb-2 font-semibold">App metrics</h2>
      <NumbersTable
        head={['Metric', 'Result', armWords.baseline, armWords.canary, 'Ratio', 'Interval']}
        rows={metrics.map((metric) => [
          <span key="name" className="whitespace-nowrap">
            {metric.name}
            {metric.quantile === null ? null : (
              <span className="text-soft"> p{metric.quantile * 100}</span>
            )}
          </span>,
          <span key="state" className="inline-flex whitespace-nowrap">
            <Status badge={badgeOf(metric)} />
          </span>,
          sideOf(metric, metric.baseline),
          sideOf(metric, metric.canary),
          formatRatio(metric.ratio.estimate),
          formatRange(metric.ratio),
        ])}
      />
    </Scrollable>
  )
}

const badges: Record<MetricJudgement['state'], Badge> = {
  healthy: { tone: 'good', word: 'Healthy' },
  harmful: { tone: 'bad', word: 'Harmful' },
  undecided: { tone: 'wait', word: 'Not enough data yet' },
  unknown: { tone: 'unknown', word: 'Unknown' },
}

const badgeOf = ({ state, advisory }: MetricJudgement): Badge =>
  advisory && state !== 'unknown' ? { tone: 'none', word: 'Advisory' } : badges[state]

function sideOf(
  { kind, of }: MetricJudgement,
  { bad, count, value }: MetricJudgement['canary'],
): string {
  if (value === null) return unknown
  if (bad === null) return String(Number(value.toPrecision(3)))
  const unit = kind === 'rate' && of === 'seconds' ? ' s' : ''
  return `${formatCount(bad)} of ${formatCount(Math.round(count))}${unit}`
}
