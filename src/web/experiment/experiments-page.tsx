import { Link, useParams } from 'react-router'
import type { Experiment, ExperimentRun } from '#contract/experiment/experiment.ts'
import { planText } from '#contract/experiment/text.ts'
import { durationWords } from '#contract/time-words.ts'
import { More } from '../ui/more.tsx'
import { Nothing, RowsShape, Section, useTitle, Warning } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { AllowExperiments, RunExperiment, StopExperiments } from './actions.tsx'
import { badgeOf, neverRan } from './badges.ts'
import { useExperimentRuns, useExperiments } from './queries.ts'

/** The experiments of an app in each environment, how many faults were noticed, and their runs. */
export function ExperimentsPage() {
  const { app = '' } = useParams()
  useTitle(`${app}: experiments`)
  const query = useExperiments(app)
  return (
    <>
      <Loaded query={query} shape={<RowsShape rows={4} height="h-16" />}>
        {({ experiments, coverage, stop }) => (
          <>
            {stop === null ? null : (
              <Warning text={`${stop.actor} stopped all experiments: ${stop.reason}`}>
                <AllowExperiments app={app} />
              </Warning>
            )}
            <Section
              title="Experiments"
              className="first:mt-0"
              aside={stop === null && experiments.length > 0 ? <StopExperiments app={app} /> : null}
            >
              {experiments.length === 0 ? (
                <NoExperiments />
              ) : (
                <>
                  <ul className="panel divide-y divide-edge overflow-hidden">
                    {experiments.map((one) => (
                      <ExperimentRow key={`${one.environment}/${one.name}`} found={one} />
                    ))}
                  </ul>
                  <Coverage coverage={coverage} />
                </>
              )}
            </Section>
          </>
        )}
      </Loaded>
      <Runs app={app} />
    </>
  )
}

const NoExperiments = () => (
  <Nothing>
    No live release has an experiment. Add <code className="font-mono">experiments</code> to
    fairlead.yaml: <Link to="/docs/experiments">experiments</Link>, and{' '}
    <Link to="/docs/experiment-actions">what they can break</Link>.
  </Nothing>
)

type Answer = NonNullable<ReturnType<typeof useExperiments>['data']>

/** Detection coverage: a fault that nobody notices is a finding. */
function Coverage({ coverage: { expected, noticed, medianMs } }: Pick<Answer, 'coverage'>) {
  if (expected === 0) return null
  return (
    <p className="mt-2 text-soft">
      In the last 90 days, {noticed} of {expected} faults that should raise an alert were noticed in
      time{medianMs === null ? '' : `, in the median after ${durationWords(medianMs)}`}.
    </p>
  )
}

const rowClass =
  'grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-2.5 ' +
  'md:grid-cols-[8rem_minmax(0,1fr)_auto]'
const textClass = 'col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1'

function ExperimentRow({ found }: { found: Experiment }) {
  const { app, environment, name, plan, last } = found
  return (
    <li className={rowClass}>
      <Status badge={last === null ? neverRan : badgeOf(last)} />
      <div className={textClass}>
        <p className="break-words">
          <span className="font-medium">{name}</span>{' '}
          <span className="text-soft">
            in {environment} · {planText(plan)}
          </span>
        </p>
        {last === null ? null : (
          <p className="break-words text-soft">
            {last.reason === null ? '' : `${asSentence(last.reason)} `}
            <Link to={`/apps/${app}/experiment-runs/${last.id}`} className="quiet-link">
              last run
            </Link>{' '}
            <Ago time={last.created} />
          </p>
        )}
      </div>
      <RunExperiment {...{ app, environment, name }} />
    </li>
  )
}

function Runs({ app }: { app: string }) {
  const query = useExperimentRuns(app)
  return (
    <Section title="Runs">
      <Loaded query={query} shape={<RowsShape rows={4} height="h-16" />}>
        {({ pages }) => {
          const runs = pages.flat()
          if (runs.length === 0) return <Nothing>No experiment has run yet.</Nothing>
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

function RunRow({ run }: { run: ExperimentRun }) {
  const { id, app, environment, name, actor, reason, created } = run
  return (
    <li className={rowClass}>
      <Status badge={badgeOf(run)} />
      <div className={textClass}>
        <Link to={`/apps/${app}/experiment-runs/${id}`} className="quiet-link font-medium">
          {name}
        </Link>
        <p className="break-words text-soft">
          in {environment} · by {actor}
          {reason === null ? null : <> · {reason}</>}
        </p>
      </div>
      <span className="text-right text-soft">
        <Ago time={created} />
      </span>
    </li>
  )
}
