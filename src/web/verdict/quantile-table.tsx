import type { VerdictView } from '#contract/verdict/verdict.ts'
import { formatMilliseconds, formatRange, formatRatio } from '../ui/number.ts'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { judgementOf } from './words.ts'

/** Latency quantiles of both releases, and their ratio. */
export function QuantileTable({ view }: { view: VerdictView }) {
  const { quantiles } = judgementOf(view).latency
  const tolerated = 1 + view.settings.tolerance.latency
  return (
    <NumbersTable
      head={['Quantile', 'Baseline', 'Canary', 'Ratio', 'Interval']}
      rows={quantiles.map(({ quantile, baseline, canary, ratio }) => [
        <span key="q" className="whitespace-nowrap">
          p{quantile * 100}
        </span>,
        formatMilliseconds(baseline),
        formatMilliseconds(canary),
        <span
          key="t"
          className={ratio.low !== null && ratio.low > tolerated ? 'font-medium text-bad' : ''}
        >
          {formatRatio(ratio.estimate)}
        </span>,
        formatRange(ratio),
      ])}
    />
  )
}
