import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import { type ExperimentRun, hasEndedExperiment } from '#contract/experiment/experiment.ts'
import { planText, radiusText } from '#contract/experiment/text.ts'
import { durationWords, momentWords } from '#contract/time-words.ts'
import { RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { AbortRun, RunExperiment } from './actions.tsx'
import { badgeOf } from './badges.ts'
import { useExperimentRun } from './queries.ts'

/** One run of an experiment: what it breaks, whether that was noticed, and how it ended. */
export function ExperimentRunPage() {
  const { app = '', experimentRun = '' } = useParams()
  const query = useExperimentRun(app, Number(experimentRun))
  useTitle(`${app}: ${query.data?.name ?? 'experiment'}, run ${experimentRun}`)
  return (
    <Loaded query={query} shape={<RowsShape rows={4} />}>
      {(run) => (
        <>
          <Head run={run} />
          {run.refusals.length > 0 ? <Refusals refusals={run.refusals} /> : <Times run={run} />}
        </>
      )}
    </Loaded>
  )
}

function Head({ run }: { run: ExperimentRun }) {
  const { app, environment, name, state, reason, refusals, created } = run
  return (
    <>
      <nav aria-label="Experiments" className="mb-2">
        <Link to={`/apps/${app}/experiments`}>All experiments of {app}</Link>
      </nav>
      <div className="panel space-y-1 px-4 py-3">
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1" role="status">
            <Status badge={badgeOf(run)} />
            <h2 className="font-medium">{name}</h2>
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
            <AbortRun run={run} />
            {hasEndedExperiment(state) ? <RunExperiment {...{ app, environment, name }} /> : null}
          </div>
        </div>
        {reason === null || refusals.length > 0 ? null : (
          <p className="break-words">{asSentence(reason)}</p>
        )}
        <Facts run={run} />
      </div>
    </>
  )
}

function Facts({ run }: { run: ExperimentRun }) {
  const { app, plan, radius, detection, actor, release, made } = run
  const rows: [string, ReactNode][] = [
    ['Hypothesis', planText(plan)],
    ['Fault hits', radius === null ? 'not known' : radiusText(radius, plan.service)],
    ...(plan.expect === null || made === null
      ? []
      : [['Noticed', <Noticed detection={detection} />] satisfies [string, ReactNode]]),
    ['Requested by', run.trigger === 'delivery' ? `the delivery of a change by ${actor}` : actor],
    ['Release', `${release} of ${app}`],
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

function Noticed({ detection }: Pick<ExperimentRun, 'detection'>) {
  if (detection === null) return 'not by the expected alert'
  const { alert, title, afterMs, notified } = detection
  return (
    <>
      after {durationWords(afterMs)} by{' '}
      <Link to={`/alerts/${alert}`} className="quiet-link">
        {title}
      </Link>
      {notified.length === 0 ? '; nobody got a message' : `; ${notified.join(', ')} got a message`}
    </>
  )
}

const Refusals = ({ refusals }: { refusals: string[] }) => (
  <Section title="Why it did not run">
    <ul className="panel list-disc space-y-1 py-3 pr-4 pl-9">
      {refusals.map((reason) => (
        <li key={reason} className="break-words">
          {asSentence(reason)}
        </li>
      ))}
    </ul>
  </Section>
)

/** What happened, in its order. */
function Times({ run }: { run: ExperimentRun }) {
  const { created, made, undone, ended, detection, state } = run
  const noticed =
    made !== null && detection !== null
      ? new Date(Date.parse(made) + detection.afterMs).toISOString()
      : null
  const all: [string | null, string][] = [
    [created, 'The run was requested, and checks whether it may begin'],
    [made, 'The fault exists'],
    [noticed, 'The expected alert opened'],
    [undone, 'The host has read that the state is as before'],
    [ended, `The run ended: ${badgeOf(run).word.toLowerCase()}`],
  ]
  return (
    <Section title="Timeline">
      <ol className="panel divide-y divide-edge overflow-hidden">
        {all
          .flatMap(([time, text]) => (time === null ? [] : [{ time, text }]))
          .toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time))
          .map(({ time, text }) => (
            <li key={text} className="grid gap-x-4 px-4 py-2.5 sm:grid-cols-[14rem_minmax(0,1fr)]">
              <time dateTime={time} className="text-soft">
                {momentWords(time)}
              </time>
              {text}
            </li>
          ))}
        {state === 'unknown' && undone === null && made !== null ? (
          <li className="px-4 py-2.5 text-warn">It is not known whether the fault is undone.</li>
        ) : null}
      </ol>
    </Section>
  )
}
