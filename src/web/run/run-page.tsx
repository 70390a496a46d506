import { useMutation } from '@tanstack/react-query'
import { Ban, Play, RotateCcw } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'
import { FairleadError } from '#contract/errors.ts'
import type { RunDetail } from '#contract/run/run.ts'
import { ChainTimeline } from '../event/chain-timeline.tsx'
import { useMay, useRun } from '../live/queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Sha } from '../ui/change.tsx'
import { CopyButton } from '../ui/copy.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { PageHead, useTitle } from '../ui/page.tsx'
import { Loaded, ProblemPanel } from '../ui/problem.tsx'
import { asSentence, isActive, runBadges, shortSha } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import { Comparison } from './comparison.tsx'
import { initialNode, graphOf } from './graph.ts'
import { NodePanel } from './node-panel.tsx'
import { RunGraph } from './run-graph.tsx'
import { runSentence } from './sentence.ts'

export function RunPage() {
  const { run = '' } = useParams()
  if (!/^[1-9]\d{0,14}$/.test(run))
    return <ProblemPanel isPage error={new FairleadError('not_found', { kind: 'run', id: run })} />
  return <KnownRun id={Number(run)} />
}

function KnownRun({ id }: { id: number }) {
  const query = useRun(id)
  return (
    <Loaded isPage query={query} shape={<RunShape />}>
      {(run) => <Run run={run} />}
    </Loaded>
  )
}

const signs: Partial<Record<RunDetail['state'], string>> = {
  running: '●',
  queued: '○',
  suspended: '✕',
  succeeded: '✓',
  failed: '✕',
  cancelled: '–',
}

function Run({ run }: { run: RunDetail }) {
  useTitle(`Run ${run.id}: ${run.change.subject}`, signs[run.state])
  const graph = useMemo(() => graphOf(run), [run])
  const [search, setSearch] = useSearchParams()
  const asked = search.get('environment')
    ? `environment/${search.get('environment')}`
    : search.get('step')
      ? `step/${search.get('step')}`
      : null
  const verified = /^step\/verify-(.+)$/.exec(asked ?? '')?.[1]
  const known = [asked, verified ? `environment/${verified}` : null].find((id) =>
    graph.nodes.some((node) => node.id === id),
  )
  const selected = known ?? initialNode(graph)
  const select = (id: string): void => {
    const [kind, ...name] = id.split('/')
    setSearch({ [kind ?? 'step']: name.join('/') }, { replace: true })
  }
  return (
    <>
      <PageHead
        crumbs={[
          { to: `/apps/${run.app}`, text: run.app },
          { to: `/runs?app=${run.app}`, text: 'Runs' },
        ]}
        title={run.change.subject || `Run ${run.id}`}
        actions={<Actions run={run} />}
      >
        <p className="mt-1.5 flex flex-wrap items-center gap-x-2">
          <Status badge={runBadges[run.state]} size={17} />
          <span>{runSentence(run)}</span>
          <span className="text-soft">
            <Elapsed from={run.started ?? run.created} to={run.ended} />
          </span>
        </p>
        <Warnings texts={run.warnings} />
        <Facts run={run} />
        <p className="mt-1.5">
          <Link to={`/runs/${run.id}/change`} className="underline underline-offset-3">
            Change report
          </Link>
        </p>
        <Comparison run={run} />
      </PageHead>
      {graph.nodes.length > 0 ? (
        <RunGraph graph={graph} selected={selected} select={select} />
      ) : null}
      <div className="mt-5 grid gap-x-6 lg:grid-cols-[minmax(0,1fr)_21rem]">
        <div className="min-w-0">
          {selected ? <NodePanel run={run} node={selected} /> : <NotStarted run={run} />}
        </div>
        <ChainTimeline chain={run.change.chain} />
      </div>
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

function NotStarted({ run }: { run: RunDetail }) {
  return (
    <p className="panel px-4 py-8 text-center text-soft">
      {isActive(run.state)
        ? 'The steps are not known yet.'
        : 'The run ended before its first step.'}
    </p>
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
        {run.pullRequest === null ? `checked in to ${change.branch}` : 'opened'}{' '}
        <Ago time={change.received} />
      </span>
    </p>
  )
}

function Actions({ run }: { run: RunDetail }) {
  const client = useClient()
  const navigate = useNavigate()
  const mayAct = useMay('developer', run.app)
  const mayContinue = useMay('operator', run.app)
  const [question, ask] = useState<Question | null>(null)
  const params = { run: run.id }
  const retry = useMutation({
    mutationFn: () => client.retryRun({ params }),
    onSuccess: (next) => navigate(`/runs/${next.id}`),
  })
  if (!mayAct) return null
  const what = `“${run.change.subject}” (${shortSha(run.change.sha)})`
  const askCancel = (): void =>
    ask({
      title: `Cancel run ${run.id}?`,
      text: `Running steps of ${what} are terminated. Releases that are already live stay live.`,
      verb: 'Cancel run',
      danger: true,
      act: () => client.cancelRun({ params }),
    })
  const askContinue = (): void =>
    ask({
      title: `Continue run ${run.id}?`,
      text: `${what} goes on where it stopped. If it was the cause, the server crashes again.`,
      verb: 'Continue run',
      act: () => client.continueWorkflow({ params: { workflow: `delivery/${run.id}` } }),
    })
  const runAgain: Question = {
    title: 'Run again?',
    text: `A new run repeats all steps, if ${what} is still the head of its pull request.`,
    verb: 'Run again',
    act: () => retry.mutateAsync(),
  }
  const deliverAgain: Question = {
    title: 'Deliver again?',
    text: `A new run delivers ${what} to all environments. A hold on the change is lifted.`,
    verb: 'Deliver again',
    act: () => retry.mutateAsync(),
  }
  const askRetry = (): void => ask(run.pullRequest === null ? deliverAgain : runAgain)
  return (
    <>
      {run.state === 'suspended' && mayContinue ? (
        <Button onClick={askContinue}>
          <Play size={15} aria-hidden /> Continue
        </Button>
      ) : null}
      {isActive(run.state) ? (
        <Button onClick={askCancel}>
          <Ban size={15} aria-hidden /> Cancel
        </Button>
      ) : (
        <Button onClick={askRetry}>
          <RotateCcw size={15} aria-hidden /> Retry
        </Button>
      )}
      <Confirm question={question} close={() => ask(null)} />
    </>
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
