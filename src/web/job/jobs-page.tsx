import { Link, useParams } from 'react-router'
import type { Job, JobRun } from '#contract/job/job.ts'
import { useLine } from '../live/run-queries.ts'
import { SelectFilter, useFilter } from '../ui/filters.tsx'
import { More } from '../ui/more.tsx'
import { Nothing, RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Status } from '../ui/status.tsx'
import { Ago, Elapsed, Until } from '../ui/time.tsx'
import { RunJob } from './actions.tsx'
import { badgeOf, neverRan, reasonOf } from './badges.ts'
import { useJobRuns, useJobs } from './queries.ts'

/** The jobs of an app in each environment, and the runs of jobs and commands. */
export function JobsPage() {
  const { app = '' } = useParams()
  useTitle(`${app}: jobs`)
  const line = useLine(app)
  return (
    <Loaded query={line} shape={<RowsShape rows={6} height="h-16" />}>
      {({ environments }) => (
        <Jobs
          app={app}
          environments={environments
            .filter(({ current }) => current !== null)
            .map(({ name }) => name)}
        />
      )}
    </Loaded>
  )
}

function Jobs({ app, environments }: { app: string; environments: string[] }) {
  const [environment] = useFilter('environment')
  const [job] = useFilter('job')
  const query = useJobs(app, environments)
  return (
    <Loaded query={query} shape={<RowsShape rows={6} height="h-16" />}>
      {(all) => {
        const names = [...new Set(all.flatMap(({ jobs }) => jobs.map(({ name }) => name)))]
        const shown = all
          .filter((one) => environment === '' || one.environment === environment)
          .map((one) => ({
            ...one,
            jobs: one.jobs.filter(({ name }) => job === '' || name === job),
          }))
          .filter(({ jobs }) => jobs.length > 0)
        return (
          <>
            <div className="mb-4 flex flex-wrap gap-3">
              <SelectFilter
                name="environment"
                label="Environment"
                choices={choicesOf(environments)}
              />
              <SelectFilter name="job" label="Job" choices={choicesOf(names)} />
            </div>
            {shown.length === 0 ? <NoJobs isFiltered={names.length > 0} /> : null}
            {shown.map((one) => (
              <Section key={one.environment} title={one.environment}>
                <ul className="panel divide-y divide-edge overflow-hidden">
                  {one.jobs.map((found) => (
                    <JobRow
                      key={found.name}
                      place={{ app, environment: one.environment }}
                      job={found}
                    />
                  ))}
                </ul>
              </Section>
            ))}
            <Runs app={app} environment={environment} job={job} />
          </>
        )
      }}
    </Loaded>
  )
}

const choicesOf = (names: string[]) => names.map((name) => ({ value: name, text: name }))

const NoJobs = ({ isFiltered }: { isFiltered: boolean }) => (
  <Nothing>
    {isFiltered ? (
      'No jobs match the filter.'
    ) : (
      <>
        No job is live. Add <code className="font-mono">jobs</code> to fairlead.yaml:{' '}
        <Link to="/docs/jobs">jobs and commands</Link>.
      </>
    )}
  </Nothing>
)

function JobRow({ place, job }: { place: { app: string; environment: string }; job: Job }) {
  const { name, command, last } = job
  const reason = last === null ? null : reasonOf(last)
  return (
    <li
      className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-2.5
        md:grid-cols-[8rem_minmax(0,1fr)_auto]"
    >
      <Status badge={last === null ? neverRan : badgeOf(last)} />
      <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1">
        <div className="truncate">
          <span className="font-medium">{name}</span>{' '}
          <code className="font-mono text-small text-soft">{command}</code>
        </div>
        <div className="text-soft">
          <Times job={job} />
          {last === null ? null : (
            <>
              {' · '}
              <Link to={`/apps/${place.app}/job-runs/${last.id}`} className="quiet-link">
                last run
              </Link>{' '}
              <Ago time={last.created} />
            </>
          )}
        </div>
        {reason === null ? null : <p className="break-words">{reason}</p>}
      </div>
      <RunJob place={place} job={name} command={command} />
    </li>
  )
}

function Times({ job: { schedule, zone, next } }: { job: Job }) {
  if (schedule.length === 0) return 'on request'
  return (
    <>
      <code className="font-mono text-small">{schedule.join(', ')}</code> {zone}
      {next === null ? (
        ', not here'
      ) : (
        <>
          , next <Until time={next} />
        </>
      )}
    </>
  )
}

function Runs({ app, environment, job }: { app: string; environment: string; job: string }) {
  const query = useJobRuns(app, {
    ...(environment ? { environment } : {}),
    ...(job ? { job } : {}),
  })
  return (
    <Section title="Runs">
      <Loaded query={query} shape={<RowsShape rows={6} height="h-16" />}>
        {({ pages }) => {
          const runs = pages.flat()
          if (runs.length === 0)
            return (
              <Nothing>
                {environment || job
                  ? 'No runs match the filter.'
                  : 'No job or command has run yet.'}
              </Nothing>
            )
          return (
            <>
              <ul className="panel divide-y divide-edge overflow-hidden">
                {runs.map((run) => (
                  <RunRow key={run.id} run={run} />
                ))}
              </ul>
              <More query={query} shown={runs.length} noun="runs" />
            </>
          )
        }}
      </Loaded>
    </Section>
  )
}

function RunRow({ run }: { run: JobRun }) {
  const { id, app, environment, job, command, trigger, actor, started, ended, created } = run
  const reason = reasonOf(run)
  return (
    <li
      className="grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-0.5 px-4 py-2.5
        md:grid-cols-[8rem_minmax(0,1fr)_9rem]"
    >
      <Status badge={badgeOf(run)} />
      <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1">
        <div className="truncate">
          <Link to={`/apps/${app}/job-runs/${id}`} className="quiet-link font-medium">
            {job ?? <code className="font-mono text-small">{command}</code>}
          </Link>
        </div>
        <div className="break-words text-soft">
          {environment} · {trigger === 'schedule' ? 'by schedule' : `by ${actor}`}
          {reason === null ? null : <> · {reason}</>}
        </div>
      </div>
      <span className="text-right text-soft">
        {started === null ? null : (
          <>
            <Elapsed from={started} to={ended} />
            {' · '}
          </>
        )}
        <Ago time={created} />
      </span>
    </li>
  )
}
