import type { Deployment } from '#contract/run/run.ts'
import type { VerdictView } from '#contract/verdict/verdict.ts'
import { useTimeText } from '../live/dependencies.tsx'
import { formatShare } from '../ui/number.ts'
import { asSentence, firstLine, type Tone } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { EvidenceBar } from './evidence-bar.tsx'
import { Staircase } from './staircase.tsx'
import { hasRequests, judgementOf, shareNow, timeSentence, verdictBadge } from './words.ts'
import { classes } from '../ui/classes.ts'

const edges: Partial<Record<Tone, string>> = {
  good: 'border-l-good',
  bad: 'border-l-bad',
  unknown: 'border-l-warn',
}

/** The result in one sentence, the share of requests, and the time of the decision. */
export function VerdictPanel({ view, deployment }: { view: VerdictView; deployment: Deployment }) {
  const judgement = judgementOf(view)
  const badge = verdictBadge(view, judgement)
  const time = useTimeText((now) => timeSentence(view, now))
  return (
    <section
      aria-label="Result"
      className={classes(
        'panel mb-4 grid gap-x-8 gap-y-4 border-l-4 px-4 py-4 sm:px-5',
        'lg:grid-cols-[minmax(0,1fr)_20rem]',
        edges[badge.tone] ?? 'border-l-edge-strong',
      )}
    >
      <div className="min-w-0">
        <Status badge={badge} size={20} />
        <p className="mt-1.5 text-lg leading-snug font-medium">{judgement.reason}</p>
        <EndReason view={view} deployment={deployment} />
        <div className="mt-4 max-w-xl">
          <EvidenceBar
            name="Evidence of harm"
            evidence={judgement.evidence}
            threshold={judgement.threshold}
            hasData={hasRequests(judgement)}
          />
        </div>
      </div>
      <div className="min-w-0">
        <p className="mb-1">
          <span className="text-lg font-semibold">{formatShare(shareNow(view))}</span>{' '}
          <span className="text-soft">of requests now</span>
        </p>
        <Staircase canary={view} />
        <p className="mt-2 text-soft">{time}</p>
      </div>
    </section>
  )
}

/** Why the canary ended, unless the result says it. */
function EndReason({ view, deployment }: { view: VerdictView; deployment: Deployment }) {
  const { reason } = deployment
  if (view.ended === null || !reason || reason.includes(firstLine(judgementOf(view).reason)))
    return null
  return <p className="mt-1.5">{asSentence(reason)}</p>
}
