import type { ReactNode } from 'react'
import type { VerdictView } from '#contract/verdict/verdict.ts'
import { useTimeText } from '../live/dependencies.tsx'
import { durationWords } from '#contract/time-words.ts'
import { formatCount, formatRatio, formatShare, unknown } from '../ui/number.ts'
import { EvidenceBar } from './evidence-bar.tsx'
import { hasRequests, judgementOf, timeNeeded } from './words.ts'

const titles: Record<VerdictView['judgement']['verdict'], string> = {
  undecided: 'Data still needed',
  healthy: 'Excluded harm',
  harmful: 'Limits',
}

/** What the verdict still needs, or rests on, and the limits that it is judged by. */
export function Needed({ view }: { view: VerdictView }) {
  const judgement = judgementOf(view)
  const { verdict, errors } = judgement
  const { settings } = view
  const { tolerance, harm } = settings
  const title = titles[verdict]
  const what =
    `an error rate ${formatRatio(harm.ratio)} as high and ${formatShare(harm.difference)} ` +
    'of all requests higher'
  const facts: [string, ReactNode][] = [
    ...useOpenFacts(view),
    [
      'Tolerated',
      `errors +${formatShare(tolerance.errors)}, latency +${formatShare(tolerance.latency)}`,
    ],
    ['False alarm rate', `at most ${formatShare(settings.alpha)} over the whole canary`],
  ]
  return (
    <section aria-label={title} className="panel min-w-0 px-4 py-3">
      <h2 className="mb-1 font-semibold">{title}</h2>
      {verdict === 'harmful' || judgement.basis === 'power' ? null : (
        <>
          <p className="mb-3 text-soft">
            {verdict === 'healthy'
              ? `It is excluded that the canary has ${what}.`
              : `The canary is healthy once ${what} is excluded.`}
          </p>
          <EvidenceBar
            name="Evidence of no such harm"
            evidence={errors.excluded}
            threshold={errors.excludedAt}
            hasData={hasRequests(judgement)}
            isHarm={false}
          />
        </>
      )}
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

/** What is open until the canary is decided, and what a decision on time could have missed. */
function useOpenFacts(view: VerdictView): [string, ReactNode][] {
  const { needed, smallest, verdict, basis } = judgementOf(view)
  const { settings, ended } = view
  const duration = useTimeText((now) => {
    const time = ended === null ? timeNeeded(view, now) : null
    return time === null ? '' : `, about ${durationWords(time, true)} at the current rate`
  })
  const detectable = smallest === null ? 'none yet' : `${formatRatio(smallest)} as many errors`
  if (verdict !== 'undecided')
    return basis === 'power' ? [['Would have been detected', detectable]] : []
  const unit = settings.unit === 'sessions' ? 'Sessions' : 'Requests'
  return [
    [
      `${unit} still needed`,
      needed === null ? unknown : needed === 0 ? 'none' : `about ${formatCount(needed)}${duration}`,
    ],
    ['Smallest detectable harm', detectable],
  ]
}
