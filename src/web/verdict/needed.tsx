import type { ReactNode } from 'react'
import type { VerdictView } from '#contract/verdict/verdict.ts'
import { useTimeText } from '../live/dependencies.tsx'
import { formatDuration } from '../ui/duration.ts'
import { formatCount, formatRatio, formatShare, unknown } from '../ui/number.ts'
import { EvidenceBar } from './evidence-bar.tsx'
import { judgementOf, timeNeeded } from './words.ts'

/** The data still needed for a healthy verdict, and the harm that would have been detected. */
export function Needed({ view }: { view: VerdictView }) {
  const { needed, smallest, errors, verdict } = judgementOf(view)
  const { settings, ended } = view
  const { tolerance } = settings
  const duration = useTimeText((now) => {
    const time = ended === null ? timeNeeded(view, now) : null
    return time === null || needed === 0
      ? ''
      : `, about ${formatDuration(time, true)} at the current rate`
  })
  const facts: [string, ReactNode][] = [
    [
      settings.unit === 'sessions' ? 'Sessions still needed' : 'Requests still needed',
      verdict === 'healthy'
        ? 'none'
        : needed === null
          ? unknown
          : `about ${formatCount(needed)}${duration}`,
    ],
    [
      'Smallest detectable harm',
      smallest === null ? 'none yet' : `${formatRatio(smallest)} as many errors`,
    ],
    [
      'Tolerated',
      `errors +${formatShare(tolerance.errors)}, latency +${formatShare(tolerance.latency)}`,
    ],
    ['False alarm rate', `at most ${formatShare(settings.alpha)} over the whole canary`],
  ]
  return (
    <section aria-label="Data still needed" className="panel min-w-0 px-4 py-3">
      <h2 className="font-semibold">Data still needed</h2>
      <p className="mt-1 mb-3 text-soft">
        The canary is healthy once an error rate {formatRatio(settings.harm.ratio)} as high and{' '}
        {formatShare(settings.harm.difference)} of all requests higher is excluded.
      </p>
      <EvidenceBar
        name="Evidence of no such harm"
        evidence={errors.excluded}
        threshold={errors.excludedAt}
        isHarm={false}
      />
      <dl className="mt-3 grid gap-x-8 gap-y-2 sm:grid-cols-2">
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt className="label">{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
