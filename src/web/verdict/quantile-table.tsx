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
              <span className="block text-small text-soft">{formatRange(ratio)}</span>
            </span>
          ),
        ])}
      />
      <LoadNote view={view} />
    </section>
  )
}

/** Loads that differ by more than this factor make latencies hard to compare. */
const muchMore = 2

/** The load of each instance, beside the latency that depends on it. */
function LoadNote({ view: { load, fresh } }: { view: VerdictView }) {
  const { baseline, canary } = load
  if (!baseline || !canary) return null
  const factor = baseline.perSecond / canary.perSecond
  const baselineRate = formatRate(baseline.perSecond)
  const isUneven = factor > muchMore || factor < 1 / muchMore
  return (
    <p className="mt-2 text-soft">
      Each instance serves {baselineRate} requests a second on the baseline and{' '}
      {formatRate(canary.perSecond)} on the canary.
      {isUneven && !fresh && ' Latencies at such different loads are hard to compare.'}
    </p>
  )
}

const formatRate = (value: number): string => String(Number(value.toPrecision(2)))

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
