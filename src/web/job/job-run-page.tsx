import { type ReactNode, useCallback } from 'react'
import { Link, useParams } from 'react-router'
import { hasEnded, type JobRun } from '#contract/job/job.ts'
import { momentWords } from '#contract/time-words.ts'
import { useClient } from '../live/dependencies.tsx'
import type { ReadOutput } from '../log/output.ts'
import { RunOutput } from '../log/run-output.tsx'
import { RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Status } from '../ui/status.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import { RunJob, StopRun } from './actions.tsx'
import { badgeOf, reasonOf } from './badges.ts'
import { useJobRun } from './queries.ts'

/** One run of a job or a command: how it ended, and what it wrote. */
export function JobRunPage() {
  const { app = '', jobRun = '' } = useParams()
  const id = Number(jobRun)
  const query = useJobRun(app, id)
  useTitle(`${app}: ${query.data?.job ?? 'command'}, run ${jobRun}`)
  return (
    <Loaded query={query} shape={<RowsShape rows={4} />}>
      {(run) => (
        <>
          <JobRunView run={run} />
          <Section title="Output">
            <JobOutput key={id} app={app} jobRun={id} />
          </Section>
        </>
      )}
    </Loaded>
  )
}

function JobOutput({ app, jobRun }: { app: string; jobRun: number }) {
  const client = useClient()
  const read: ReadOutput = useCallback(
    async (query, signal) => {
      const page = await client.getJobOutput({ params: { app, jobRun }, query, signal })
      const { state } = page.jobRun
      return { ...page, isRunning: state === 'running', hasEnded: hasEnded(state) }
    },
    [client, app, jobRun],
  )
  return <RunOutput read={read} command={`fairlead job logs ${app} ${jobRun}`} />
}

function JobRunView({ run }: { run: JobRun }) {
  const { app, environment, job, command, state, created } = run
  const reason = reasonOf(run)
  return (
    <>
      <nav aria-label="Jobs" className="mb-2">
        <Link to={`/apps/${app}/jobs`}>All jobs of {app}</Link>
      </nav>
      <div className="panel space-y-1 px-4 py-3">
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <Status badge={badgeOf(run)} />
            <h2 className="font-medium">{job ?? 'Command'}</h2>
            <span className="text-soft">
              in{' '}
              <Link to={`/apps/${app}/environments/${environment}`} className="quiet-link">
                {environment}
              </Link>
            </span>
            <span className="text-soft">
              <Ago time={created} />
            </span>
          </div>
          <div className="flex gap-2">
            <StopRun run={run} />
            {job !== null && hasEnded(state) ? (
              <RunJob place={{ app, environment }} {...{ job, command }} />
            ) : null}
          </div>
        </div>
        {reason === null ? null : <p className="break-words">{reason}</p>}
        <Facts run={run} />
      </div>
    </>
  )
}

function Facts({ run }: { run: JobRun }) {
  const { command, service, trigger, actor, due, release, started, ended, exit } = run
  const rows: [string, ReactNode][] = [
    ['Command', <code className="font-mono text-small">{command}</code>],
    ...(service === null ? [] : [['Service', service] satisfies [string, ReactNode]]),
    trigger === 'schedule' && due !== null ? ['Time', momentWords(due)] : ['Requested by', actor],
    ...(release === null ? [] : [['Release', String(release)] satisfies [string, ReactNode]]),
    ...(started === null
      ? []
      : [['Duration', <Elapsed from={started} to={ended} />] satisfies [string, ReactNode]]),
    ...(exit === null ? [] : [['Exit code', String(exit)] satisfies [string, ReactNode]]),
  ]
  return (
    <dl className="grid gap-x-4 gap-y-1 pt-2 sm:grid-cols-[7rem_minmax(0,1fr)]">
      {rows.map(([term, text]) => (
        <div key={term} className="contents">
          <dt className="text-soft">{term}</dt>
          <dd className="min-w-0 break-words">{text}</dd>
        </div>
      ))}
    </dl>
  )
}
