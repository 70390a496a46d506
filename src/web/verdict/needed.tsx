import type { ReactNode } from 'react'
import type { VerdictView } from '#contract/verdict/verdict.ts'
import { useTimeText } from '../live/dependencies.tsx'
import { formatDuration } from '../ui/duration.ts'
import { formatCount, formatRatio, formatShare, unknown } from '../ui/number.ts'
import { EvidenceBar } from './evidence-bar.tsx'
import { judgementOf, timeNeeded } from './words.ts'

/** What is still needed before it can be called healthy, and what could have been seen so far. */
export function Needed({ view }: { view: VerdictView }) {
  const { needed, smallest, errors, verdict } = judgementOf(view)
  const { settings, ended } = view
  const duration = useTimeText((now) => {
    const time = ended === null ? timeNeeded(view, now) : null
    return time === null || needed === 0 ? '' : `, about ${formatDuration(time, true)} at this pace`
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
      'Smallest harm that would have been seen',
      smallest === null
        ? 'none: no harm would have been seen yet'
        : `${formatRatio(smallest)} as many errors`,
    ],
    [
      'Tolerated',
      `${formatShare(settings.tolerance.errors)} more errors, ${formatShare(settings.tolerance.latency)} slower`,
    ],
    ['False alarms', `at most ${formatShare(settings.alpha)}, however often one badges`],
  ]
  return (
    <section aria-label="What is still needed" className="panel min-w-0 px-4 py-3">
      <h2 className="font-semibold">What is still needed</h2>
      <p className="mt-1 mb-3 text-soft">
        Healthy means: {formatRatio(settings.harm.ratio)} as many errors and{' '}
        {formatShare(settings.harm.difference)} more of all requests is excluded.
      </p>
      <EvidenceBar
        name="Evidence that there is no such harm"
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
