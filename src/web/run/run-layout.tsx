import { Suspense } from 'react'
import { Link, Outlet, useOutletContext, useParams } from 'react-router'
import { FairleadError } from '#contract/errors.ts'
import type { RunDetail } from '#contract/run/run.ts'
import { useRun } from '../live/run-queries.ts'
import { Sha } from '../ui/change.tsx'
import { CopyButton } from '../ui/copy.tsx'
import { PageHead } from '../ui/page.tsx'
import { Loaded, ProblemPanel } from '../ui/problem.tsx'
import { asSentence, type Badge, runBadges } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import { Decide, PermissionCard } from './permission-card.tsx'
import { RunActions } from './run-actions.tsx'
import { runSentence } from './sentence.ts'

/** The run of the page, which its tabs show. */
export const useRunOfPage = (): RunDetail => useOutletContext<RunDetail>()

/** The head of the pages of a run: its change, its state, what waits for a decision, and tabs. */
export function RunLayout() {
  const { run = '' } = useParams()
  if (!/^[1-9]\d{0,14}$/.test(run))
    return <ProblemPanel isPage error={new FairleadError('not_found', { kind: 'run', id: run })} />
  return <KnownRun id={Number(run)} />
}

function KnownRun({ id }: { id: number }) {
  const query = useRun(id)
  return (
    <Loaded isPage query={query} shape={<RunShape />}>
      {(run) => <Frame run={run} />}
    </Loaded>
  )
}

/** A run that waits for people is not on its way. */
const waitingBadge: Badge = { tone: 'wait', word: 'Waiting' }

function Frame({ run }: { run: RunDetail }) {
  const here = `/runs/${run.id}`
  const waiting = run.deployments.flatMap(({ deployment }) =>
    deployment?.state === 'waiting' ? [deployment] : [],
  )
  const tabs = [
    { to: here, text: 'Pipeline' },
    { to: `${here}/change`, text: 'Change report' },
    { to: `${here}/events`, text: 'Events' },
  ]
  return (
    <>
      <PageHead
        crumbs={[
          { to: `/apps/${run.app}`, text: run.app },
          { to: `/apps/${run.app}/runs`, text: 'Runs' },
        ]}
        title={run.change.subject || `Run ${run.id}`}
        actions={
          <>
            {waiting.map((deployment) => (
              <Decide key={deployment.id} deployment={deployment} />
            ))}
            <RunActions run={run} />
          </>
        }
      >
        <p className="mt-1.5 flex flex-wrap items-center gap-x-2">
          <Status badge={waiting.length > 0 ? waitingBadge : runBadges[run.state]} size={17} />
          <span>{runSentence(run)}</span>
          <span className="text-soft">
            <Elapsed from={run.started ?? run.created} to={run.ended} />
          </span>
        </p>
        <Warnings texts={run.warnings} />
        <Facts run={run} />
      </PageHead>
      {waiting.map((deployment) => (
        <PermissionCard key={deployment.id} deployment={deployment} />
      ))}
      <Tabs label={`Pages of run ${run.id}`} tabs={tabs} />
      <Suspense fallback={null}>
        <Outlet context={run} />
      </Suspense>
    </>
  )
}

function Warnings({ texts }: { texts: string[] }) {
  if (texts.length === 0) return null
  return (
    <ul aria-label="Warnings" className="mt-1.5 text-warn">
      {texts.map((text) => (
        <li key={text}>{asSentence(text)}</li>
      ))}
    </ul>
  )
}

function Facts({ run }: { run: RunDetail }) {
  const { change } = run
  return (
    <p className="mt-1 flex flex-wrap items-center gap-x-2 text-soft">
      <span>Run {run.id}</span>
      {run.pullRequest === null ? null : (
        <>
          <span aria-hidden>·</span>
          <Link to={`/apps/${run.app}/pull-requests`} className="quiet-link">
            pull request {run.pullRequest}
          </Link>
          {run.isTrusted ? null : <span>without secrets</span>}
        </>
      )}
      <span aria-hidden>·</span>
      <span className="flex items-center">
        <Sha sha={change.sha} />
        <CopyButton text={change.sha} label="Copy the commit SHA" />
      </span>
      {change.base ? (
        <span>
          on <Sha sha={change.base} />
        </span>
      ) : null}
      <span aria-hidden>·</span>
      <span>{change.author.name}</span>
      <span aria-hidden>·</span>
      <span>
        {run.pullRequest === null ? `committed to ${change.branch}` : 'opened'}{' '}
        <Ago time={change.received} />
      </span>
    </p>
  )
}

function RunShape() {
  return (
    <>
      <div className="skeleton mb-2 h-4 w-40" />
      <div className="skeleton mb-3 h-7 w-96 max-w-full" />
      <div className="skeleton mb-6 h-4 w-72 max-w-full" />
      <div className="panel flex gap-8 p-3">
        {[0, 1, 2, 3].map((node) => (
          <div key={node} className="skeleton h-12 w-40" />
        ))}
      </div>
      <div className="panel mt-5 h-80" />
    </>
  )
}
