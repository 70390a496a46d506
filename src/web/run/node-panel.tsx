import { ExternalLink } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import type { Deployment, RunDetail, Step } from '#contract/run/run.ts'
import { Gates } from '../change/gates.tsx'
import { DeploymentNotes } from '../deployment/notes.tsx'
import { FailedOutput } from '../environment/service-log.tsx'
import { LogPanel } from '../log/log-panel.tsx'
import { Toggle } from '../ui/button.tsx'
import { asSentence, deploymentBadges, firstLine, isInProgress, stepBadges } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import { CanaryCard, VerdictLink } from '../verdict/canary-card.tsx'
import { gatesNode } from './graph.ts'
import { Tried } from './tried.tsx'
import { PermissionCard } from './permission-card.tsx'
import { Scrollable } from '../ui/scrollable.tsx'

/** Details of the selected node: a step with its log, or an environment with its deployment. */
export function NodePanel({ run, node }: { run: RunDetail; node: string }) {
  const name = node.slice(node.indexOf('/') + 1)
  if (node.startsWith('environment/')) return <EnvironmentPanel run={run} name={name} />
  if (node === gatesNode) return <Gates app={run.app} gates={run.gates} />
  const step = run.steps.find((one) => one.name === name)
  return step ? <StepPanel run={run.id} step={step} title={step.name} /> : null
}

function StepPanel({ run, step, title }: { run: number; step: Step; title: string }) {
  const [search, setSearch] = useSearchParams()
  const wanted = Number(search.get('attempt'))
  const attempt = wanted >= 1 && wanted <= step.attempt ? wanted : step.attempt
  const setAttempt = (next: number): void =>
    setSearch({ step: step.name, attempt: String(next) }, { replace: true })
  return (
    <section aria-label={`Step ${step.name}`}>
      <div className="mb-2 flex flex-wrap items-center gap-x-3 gap-y-1">
        <h2 className="font-semibold">{title}</h2>
        <Status badge={stepBadges[step.state]} />
        <span className="text-soft">
          <Elapsed from={step.started} to={step.ended} />
        </span>
        {step.exitCode !== null && step.exitCode !== 0 ? (
          <span className="text-soft">exit code {step.exitCode}</span>
        ) : null}
        {step.cache === null ? null : <span className="text-soft">{cacheLabels[step.cache]}</span>}
        {step.reused === null ? null : (
          <Link
            to={`/runs/${step.reused}?step=${step.name}`}
            className="text-soft underline underline-offset-3"
          >
            reused from run {step.reused}
          </Link>
        )}
        {step.attempt > 1 ? <Attempts count={step.attempt} at={attempt} set={setAttempt} /> : null}
      </div>
      {step.reason && step.state !== 'passed' ? (
        <p className="mb-2">{asSentence(step.reason)}</p>
      ) : null}
      <Command step={step} />
      {step.attempt > 0 ? (
        <LogPanel
          key={`${run}/${step.name}/${attempt}`}
          run={run}
          step={step.name}
          attempt={attempt}
          isRunning={step.state === 'running'}
          isFailed={step.state === 'failed' || attempt < step.attempt}
        />
      ) : (
        <p className="panel px-4 py-8 text-center text-soft">{notStarted(step)}</p>
      )}
    </section>
  )
}

/** The command of a step in one line that opens, so that the log begins high on the page. */
function Command({ step: { command, isolation } }: { step: Step }) {
  const isUnsafe = isolation?.startsWith('none') ?? false
  return (
    <>
      <details className="mb-2 text-soft">
        <summary className="w-fit max-w-full truncate hover:text-ink">
          <code className="font-mono text-small">{firstLine(command)}</code>
        </summary>
        <Scrollable
          as="pre"
          label="Command"
          className="mt-1 max-h-60 font-mono text-small whitespace-pre-wrap"
        >
          {command}
        </Scrollable>
        {isolation === null || isUnsafe ? null : <p className="mt-1">Isolation: {isolation}</p>}
      </details>
      {isUnsafe ? <p className="mb-2 text-warn">Isolation: {isolation}</p> : null}
    </>
  )
}

const cacheLabels = {
  hit: 'cache hit',
  near: 'partial cache hit',
  miss: 'cache miss',
}

function notStarted(step: Step): string {
  if (step.state === 'waiting')
    return step.needs.length > 0 ? `Waiting for ${step.needs.join(' and ')}.` : 'Waiting to start.'
  return 'The step did not run, so it has no log.'
}

function Attempts({
  count,
  at,
  set,
}: {
  count: number
  at: number
  set: (attempt: number) => void
}) {
  return (
    <div role="group" aria-label="Attempts" className="ml-auto flex items-center gap-1">
      <span className="mr-1 text-soft">Attempt</span>
      {Array.from({ length: count }, (_, index) => (
        <Toggle
          key={index}
          on={index + 1 === at}
          onChange={() => set(index + 1)}
          label={`Attempt ${index + 1}`}
        >
          {index + 1}
        </Toggle>
      ))}
    </div>
  )
}

function EnvironmentPanel({ run, name }: { run: RunDetail; name: string }) {
  const place = run.deployments.find((one) => one.environment === name)
  const deployment = place?.deployment ?? null
  const verification = run.steps.find((step) => step.name === `verify-${name}`)
  return (
    <section aria-label={`Environment ${name}`}>
      <div className="mb-2 flex flex-wrap items-center gap-x-3">
        <h2 className="font-semibold">{name}</h2>
        {deployment ? <Status badge={deploymentBadges[deployment.state]} /> : null}
        <Link
          to={`/apps/${run.app}/environments/${name}`}
          className="text-soft underline underline-offset-3"
        >
          Environment page
        </Link>
        {deployment && deployment.started !== null && deployment.state !== 'canary' ? (
          <VerdictLink deployment={deployment} />
        ) : null}
      </div>
      {deployment?.state === 'canary' ? (
        <div className="mb-4">
          <CanaryCard deployment={deployment} />
        </div>
      ) : null}
      {deployment && deployment.state !== 'waiting' ? (
        <PermissionCard deployment={deployment} />
      ) : null}
      <div className="panel mb-4 px-4 py-3">
        {deployment ? (
          <DeploymentFacts deployment={deployment} />
        ) : (
          <p className="text-soft">{notReached(run)}</p>
        )}
      </div>
      {place?.experiments ? <Tried app={run.app} experiments={place.experiments} /> : null}
      {deployment?.started && hasFailed(deployment) ? (
        <FailedOutput deployment={deployment} />
      ) : null}
      {verification && verification.attempt > 0 ? (
        <StepPanel run={run.id} step={verification} title="Verification" />
      ) : null}
    </section>
  )
}

const hasFailed = ({ state }: Deployment): boolean => state === 'failed' || state === 'rolled_back'

const notReached = (run: RunDetail): string =>
  run.ended === null
    ? 'The change has not reached this environment yet.'
    : 'The change did not reach this environment.'

function DeploymentFacts({ deployment }: { deployment: Deployment }) {
  const { state, reason, created, started, live, ended, url } = deployment
  const facts: [string, ReactNode][] = [
    [
      'Waited',
      started ? (
        <Elapsed key="w" from={created} to={started} />
      ) : (
        <Elapsed key="w" from={created} to={ended} />
      ),
    ],
  ]
  if (started)
    facts.push([
      isInProgress(state) ? 'In progress for' : 'Took',
      <Elapsed key="t" from={started} to={live ?? ended} />,
    ])
  if (live) facts.push(['Live', <Ago key="l" time={live} />])
  if (live && ended) facts.push(['Was live for', <Elapsed key="h" from={live} to={ended} />])
  facts.push(['Requested by', deployment.actor])
  return (
    <>
      {reason && state !== 'waiting' ? <p className="mb-2">{asSentence(reason)}</p> : null}
      <DeploymentNotes deployment={deployment.id} />
      <dl className="flex flex-wrap gap-x-8 gap-y-2">
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt className="label">{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {url ? (
          <div>
            <dt className="label">Address</dt>
            <dd>
              <a
                href={url}
                target="_blank"
                rel="noreferrer"
                className="inline-flex min-h-[24px] items-center gap-1 underline underline-offset-3"
              >
                {url.replace(/^https?:\/\//, '')}
                <ExternalLink size={13} aria-hidden />
              </a>
            </dd>
          </div>
        ) : null}
      </dl>
    </>
  )
}
