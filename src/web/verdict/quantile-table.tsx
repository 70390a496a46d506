import type { VerdictView } from '#contract/verdict/verdict.ts'
import { formatMilliseconds, formatRange, formatRatio } from '../ui/number.ts'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { judgementOf } from './words.ts'

/**
 * The latencies under which so many of the requests stay, and how many times as long the canary
 * takes.
 */
export function QuantileTable({ view }: { view: VerdictView }) {
  const { quantiles } = judgementOf(view).latency
  const tolerated = 1 + view.settings.tolerance.latency
  return (
    <NumbersTable
      head={['Of the requests', 'Before', 'Canary', 'Times', 'Not excluded']}
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
