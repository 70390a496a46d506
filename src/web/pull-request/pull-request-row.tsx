import { useQueryClient } from '@tanstack/react-query'
import { ExternalLink } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import type { PullRequest } from '#contract/pull-request/pull-request.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Sha } from '../ui/change.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { asSentence, type Badge, runBadges, shortSha } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'

/** The state of a pull request: while it is open, the state of its newest run. */
export function badgeOf({ state, run, sha, asksApproval }: PullRequest): Badge {
  if (state === 'merged') return { tone: 'good', word: 'Merged' }
  if (state === 'closed') return { tone: 'stopped', word: 'Closed' }
  if (run !== null && run.sha === sha) return runBadges[run.state]
  return asksApproval ? { tone: 'warn', word: 'Needs approval' } : { tone: 'wait', word: 'Waiting' }
}

/** A row in the list of pull requests. */
export function PullRequestRow({ pull }: { pull: PullRequest }) {
  const { app, number, title, author, fork, branch, sha, run, preview, reason } = pull
  return (
    <li
      className="grid grid-cols-[1fr_auto] gap-x-4 gap-y-1 px-4 py-2.5
        md:grid-cols-[8.5rem_minmax(0,1fr)_auto_7rem] md:items-center"
    >
      <Status badge={badgeOf(pull)} />
      <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1">
        <div className="flex min-w-0 items-baseline gap-2">
          {pull.url === null ? (
            <span className="truncate font-medium">{title}</span>
          ) : (
            <a
              href={pull.url}
              target="_blank"
              rel="noreferrer"
              className="quiet-link truncate font-medium"
            >
              {title}
            </a>
          )}
          {pull.isDraft ? <span className="shrink-0 text-soft">draft</span> : null}
        </div>
        <div className="truncate text-soft">
          {number} · {sha === null ? 'its head is not fetched yet' : <Sha sha={sha} />} · {branch}
          {fork === null ? '' : ` of ${fork}`} · {author}
          {run === null ? null : (
            <>
              {' · '}
              <Link to={`/runs/${run.id}`} className="quiet-link">
                run {run.id}
              </Link>
              {run.isTrusted ? '' : ' without secrets'}
            </>
          )}
        </div>
        {reason === null ? null : <div className="mt-0.5 line-clamp-2">{asSentence(reason)}</div>}
        {preview === null ? null : (
          <div className="mt-0.5 flex flex-wrap items-center gap-x-2">
            {preview.url === null ? (
              <span className="text-soft">Its preview is not deployed yet</span>
            ) : (
              <a
                href={preview.url}
                target="_blank"
                rel="noreferrer"
                className="inline-flex items-center gap-1 underline underline-offset-3"
              >
                {preview.url.replace(/^https?:\/\//, '')}
                <ExternalLink size={13} aria-hidden />
              </a>
            )}
            <Link
              to={`/apps/${app}/environments/${preview.environment}`}
              className="quiet-link text-soft"
            >
              {preview.environment}
            </Link>
            {preview.since === null ? null : (
              <span className="text-soft">
                {preview.sha === sha || preview.sha === null ? '' : `of ${shortSha(preview.sha)}, `}
                <Ago time={preview.since} />
              </span>
            )}
          </div>
        )}
      </div>
      <div className="col-span-2 md:col-span-1 md:col-start-3 md:row-start-1">
        <Actions pull={pull} />
      </div>
      <span className="col-start-2 row-start-1 text-right text-soft md:col-start-4">
        <Ago time={pull.closed ?? pull.active} />
      </span>
    </li>
  )
}

function Actions({ pull }: { pull: PullRequest }) {
  const client = useClient()
  const queries = useQueryClient()
  const mayAct = useMay('developer', pull.app)
  const [question, ask] = useState<Question | null>(null)
  const { app, number, sha, run, fork } = pull
  if (!mayAct || pull.state !== 'open' || sha === null) return null
  const params = { app, number }
  const readAgain = () => queries.invalidateQueries({ queryKey: ['pull-requests', app] })
  const approve: Question = {
    title: `Approve ${shortSha(sha)} of pull request ${number}?`,
    text:
      `This commit of ${fork ?? 'another repository'} will run with the secrets of its steps, ` +
      'like a commit of the repository. Review its changes first. A new push needs a new approval.',
    verb: `Approve ${shortSha(sha)}`,
    act: async () => {
      await client.approvePullRequest({ params, body: { sha } })
      await readAgain()
    },
  }
  const again: Question = {
    title: `Run pull request ${number} again?`,
    text: 'Fairlead runs its head again, and restores its preview if that was removed.',
    verb: 'Run it again',
    act: async () => {
      await client.runPullRequest({ params })
      await readAgain()
    },
  }
  const isRunning = run !== null && (run.state === 'queued' || run.state === 'running')
  return (
    <div className="flex flex-wrap gap-2">
      {pull.asksApproval ? <Button onClick={() => ask(approve)}>Approve …</Button> : null}
      {run !== null && !isRunning ? (
        <Button
          kind="bare"
          onClick={() => ask(again)}
          aria-label={`Run pull request ${number} again`}
        >
          Run again
        </Button>
      ) : null}
      <Confirm question={question} close={() => ask(null)} />
    </div>
  )
}
