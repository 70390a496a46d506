import { useParams } from 'react-router'
import { FairleadError } from '#contract/errors.ts'
import type { Deployment } from '#contract/run/run.ts'
import type { Canary, VerdictView } from '#contract/verdict/verdict.ts'
import { useDeployment, useVerdict } from '../live/deployment-queries.ts'
import { useDependencies } from '../live/dependencies.tsx'
import { Sha } from '../ui/change.tsx'
import { PageHead, useTitle } from '../ui/page.tsx'
import { Loaded, ProblemPanel } from '../ui/problem.tsx'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { Actions } from './actions.tsx'
import { EvidenceChart } from './evidence-chart.tsx'
import { LatencyChart } from './latency-chart.tsx'
import { Metrics } from './metrics.tsx'
import { Needed } from './needed.tsx'
import { Outcomes } from './outcomes.tsx'
import { QuantileTable } from './quantile-table.tsx'
import { RatioChart } from './ratio-chart.tsx'
import { VerdictPanel } from './verdict-panel.tsx'
import { canaryBadges, momentsOf } from './words.ts'

export function VerdictPage() {
  const { deployment = '' } = useParams()
  if (!/^[1-9]\d{0,14}$/.test(deployment))
    return (
      <ProblemPanel
        isPage
        error={new FairleadError('not_found', { kind: 'deployment', id: deployment })}
      />
    )
  return <KnownVerdict id={Number(deployment)} />
}

function KnownVerdict({ id }: { id: number }) {
  const deployment = useDeployment(id)
  const verdict = useVerdict(id)
  return (
    <Loaded isPage query={deployment} shape={<VerdictShape />}>
      {(found) => (
        <Loaded isPage query={verdict} shape={<VerdictShape />}>
          {(view) =>
            view === null ? (
              <ProblemPanel
                isPage
                error={new FairleadError('not_found', { kind: 'canary of deployment', id })}
              />
            ) : (
              <Verdict view={view} deployment={found} />
            )
          }
        </Loaded>
      )}
    </Loaded>
  )
}

const signs: Record<Canary['state'], string> = {
  running: '●',
  waiting: '?',
  promoted: '✓',
  taken_back: '✕',
  given_up: '–',
}

function Verdict({ view, deployment }: { view: VerdictView; deployment: Deployment }) {
  const { app, environment, run, change } = deployment
  const { clock } = useDependencies()
  useTitle(`Canary: ${change.subject}`, signs[view.state])
  const moments = momentsOf(view)
  const end = view.ended === null ? clock.now() : Date.parse(view.ended)
  const until = Math.max(1000, end - Date.parse(view.started), moments.at(-1)?.elapsed ?? 0)
  return (
    <>
      <PageHead
        crumbs={[
          { to: `/apps/${app}`, text: app },
          { to: `/apps/${app}/environments/${environment}`, text: environment },
          ...(run === null
            ? []
            : [{ to: `/runs/${run}?environment=${environment}`, text: `Run ${run}` }]),
        ]}
        title={
          <>
            <span className="font-normal text-soft">Canary</span> {change.subject}
          </>
        }
        actions={<Actions view={view} deployment={deployment} />}
      >
        <p className="mt-1.5 flex flex-wrap items-center gap-x-2">
          <Status badge={canaryBadges[view.state]} size={17} />
          <span className="text-soft">
            <Sha sha={change.sha} /> · release {deployment.release}, compared with{' '}
            {view.fresh ? 'fresh instances of ' : ''}
            release {view.baseline} · started <Ago time={view.started} />
          </span>
        </p>
      </PageHead>
      <VerdictPanel view={view} deployment={deployment} />
      <div className="grid gap-4 lg:grid-cols-2">
        <RatioChart view={view} moments={moments} until={until} />
        <EvidenceChart view={view} moments={moments} until={until} />
        <LatencyChart view={view} />
        <div className="flex min-w-0 flex-col gap-4">
          <QuantileTable view={view} />
          <Needed view={view} />
        </div>
        <Outcomes view={view} />
        <Metrics view={view} />
      </div>
    </>
  )
}

function VerdictShape() {
  return (
    <>
      <div className="skeleton mb-2 h-4 w-40" />
      <div className="skeleton mb-6 h-7 w-96 max-w-full" />
      <div className="panel mb-4 h-44" />
      <div className="grid gap-4 lg:grid-cols-2">
        {[0, 1, 2, 3].map((one) => (
          <div key={one} className="panel h-72" />
        ))}
      </div>
    </>
  )
}
