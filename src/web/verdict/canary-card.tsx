import { Link } from 'react-router'
import type { Deployment } from '#contract/run/run.ts'
import { useVerdict } from '../live/deployment-queries.ts'
import { useTimeText } from '../live/dependencies.tsx'
import { formatShare } from '../ui/number.ts'
import { Status } from '../ui/status.tsx'
import { EvidenceBar } from './evidence-bar.tsx'
import { hasRequests, judgementOf, shareNow, timeSentence, verdictBadge } from './words.ts'
import type { VerdictView } from '#contract/verdict/verdict.ts'

/** A summary of a running canary: share, result, and evidence. */
export function CanaryCard({ deployment }: { deployment: Deployment }) {
  const { data: view } = useVerdict(deployment.id)
  return view ? <Card view={view} /> : null
}

function Card({ view }: { view: VerdictView }) {
  const judgement = judgementOf(view)
  const time = useTimeText((now) => timeSentence(view, now))
  return (
    <section
      aria-label="Canary"
      className="panel grid gap-x-6 gap-y-3 px-4 py-3 sm:grid-cols-[7rem_minmax(0,1fr)]"
    >
      <p className="flex items-baseline gap-2 sm:flex-col sm:gap-0">
        <span className="text-2xl leading-tight font-semibold">{formatShare(shareNow(view))}</span>
        <span className="text-soft">of requests</span>
      </p>
      <div className="min-w-0">
        <Status badge={verdictBadge(view, judgement)} />
        <p className="mt-0.5">{judgement.reason}</p>
        <p className="mt-0.5 mb-2 text-soft">{time}</p>
        <EvidenceBar
          name="Evidence of harm"
          evidence={judgement.evidence}
          threshold={judgement.threshold}
          hasData={hasRequests(judgement)}
        />
        <p className="mt-2">
          <Link
            to={`/deployments/${view.deployment}/canary`}
            className="underline underline-offset-3"
          >
            View the analysis
          </Link>
        </p>
      </div>
    </section>
  )
}

/** A link to the analysis, if the deployment is or was a canary. */
export function VerdictLink({ deployment }: { deployment: Deployment }) {
  const { data: view } = useVerdict(deployment.id)
  return view ? (
    <Link to={`/deployments/${deployment.id}/canary`} className="underline underline-offset-3">
      Canary analysis
    </Link>
  ) : null
}
