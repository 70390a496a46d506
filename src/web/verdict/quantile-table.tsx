import type { VerdictView } from '#contract/verdict/verdict.ts'
import { formatMilliseconds, formatRange, formatRatio } from '../ui/number.ts'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { judgementOf } from './words.ts'

/** Latency quantiles of both releases, and their ratio; nothing while none is known. */
export function QuantileTable({ view }: { view: VerdictView }) {
  const { quantiles } = judgementOf(view).latency
  const tolerated = 1 + view.settings.tolerance.latency
  if (quantiles.every(({ baseline, canary }) => baseline === null && canary === null)) return null
  return (
    <section aria-label="Latency quantiles" className="panel min-w-0 px-4 py-3">
      <h2 className="mb-2 font-semibold">Latency quantiles</h2>
      <NumbersTable
        head={['Quantile', 'Baseline', 'Canary', 'Ratio']}
        rows={quantiles.map(({ quantile, baseline, canary, ratio }) => [
          `p${quantile * 100}`,
          <Value key="b" value={baseline} />,
          <Value key="c" value={canary} />,
          ratio.estimate === null ? (
            <Value key="r" value={null} />
          ) : (
            <span key="r" className="whitespace-nowrap">
              <span
                className={
                  ratio.low !== null && ratio.low > tolerated ? 'font-medium text-bad' : ''
                }
              >
                {formatRatio(ratio.estimate)}
              </span>
              <span className="block text-[0.88em] text-soft">{formatRange(ratio)}</span>
            </span>
          ),
        ])}
      />
    </section>
  )
}

/** A latency in milliseconds; too few requests give none. */
function Value({ value }: { value: number | null }) {
  return value === null ? (
    <span className="text-soft" title="Too few requests">
      –
    </span>
  ) : (
    <span className="whitespace-nowrap">{formatMilliseconds(value)}</span>
  )
}
