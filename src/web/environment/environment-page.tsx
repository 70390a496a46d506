import { ExternalLink, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { isPreviewName } from '#contract/pull-request/pull-request.ts'
import type { Environment } from '#contract/environment/environment.ts'
import { DeploymentRow } from '../deployment/deployment-row.tsx'
import { useDeployments, useEnvironment, useTimeLost } from '../live/deployment-queries.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { durationWords } from '#contract/time-words.ts'
import { Nothing, PageHead, RowsShape, Section, useTitle, Warning } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { healthBadges, shortSha } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import { Decide, PermissionCard } from '../run/permission-card.tsx'
import { CanaryCard } from '../verdict/canary-card.tsx'
import { DriftSection } from '../drift/drift-section.tsx'
import { MaintenanceButton, MaintenanceNotice } from '../maintenance/maintenance-section.tsx'
import { ScaleButton, ScaleNotice } from '../scale/scale-section.tsx'
import { MachinesSection } from '../machine/machines-section.tsx'
import { RehearsalSection } from '../rehearsal/rehearsal-section.tsx'
import { SwitchSection } from '../switch/switch-section.tsx'
import { Certificates } from './certificates.tsx'
import { ConfigurationSection } from './configuration-section.tsx'
import { ForcedRollback } from './forced-rollback.tsx'
import { Instances } from './instances.tsx'
import { Running } from './running.tsx'
import { FailedOutput, ServiceLog } from './service-log.tsx'
import { classes } from '../ui/classes.ts'

export function EnvironmentPage() {
  const { app = '', environment = '' } = useParams()
  const query = useEnvironment(app, environment)
  return (
    <Loaded isPage query={query} shape={<RowsShape rows={6} height="h-16" />}>
      {(data) => <EnvironmentView environment={data} />}
    </Loaded>
  )
}

const signs: Record<Environment['health'], string> = {
  healthy: '✓',
  unhealthy: '✕',
  unknown: '?',
  empty: '',
}

function EnvironmentView({ environment }: { environment: Environment }) {
  const { app, name, current, health, urls } = environment
  useTitle(`${app} ${name}`, signs[health])
  return (
    <>
      <PageHead
        crumbs={[
          { to: '/apps', text: 'Apps' },
          { to: `/apps/${app}`, text: app },
          { to: `/apps/${app}/environments`, text: 'Environments' },
        ]}
        title={
          <>
            <span className="font-normal text-soft">{app}</span> {name}
          </>
        }
        actions={
          <>
            {current && urls[0] ? (
              <a
                href={urls[0]}
                target="_blank"
                rel="noreferrer"
                className={classes(
                  'inline-flex items-center gap-1.5 rounded-md border border-edge-strong',
                  'bg-panel px-2.5 py-1.5 font-medium hover:bg-hover',
                )}
              >
                Open <ExternalLink size={14} aria-hidden />
              </a>
            ) : null}
            {current ? <ScaleButton app={app} environment={name} /> : null}
            {current && environment.target.capabilities.includes('share') ? (
              <MaintenanceButton app={app} environment={name} />
            ) : null}
            <Rollback environment={environment} />
          </>
        }
      >
        <p className="mt-1.5 flex flex-wrap items-center gap-x-2">
          <Status badge={healthBadges[health]} size={17} />
          {current?.live ? (
            <span className="text-soft">
              current release live for <Elapsed from={current.live} />
            </span>
          ) : null}
          {health === 'unknown' ? <span>Its target does not respond.</span> : null}
        </p>
        <RollbackState environment={environment} />
      </PageHead>
      {environment.isInFile ? null : <Former environment={environment} />}
      {environment.problem === null ? null : <Warning text={`${environment.problem}.`} />}
      {current ? <MaintenanceNotice app={app} environment={name} /> : null}
      {current ? <ScaleNotice app={app} environment={name} /> : null}
      <Running environment={environment} />
      <SwitchSection app={app} environment={name} />
      <TimeLost app={app} environment={name} />
      <Canaries environment={environment} />
      {environment.pending.length > 0 ? (
        <Section title="In progress">
          <ul className="panel divide-y divide-edge overflow-hidden">
            {environment.pending.map((deployment) => (
              <DeploymentRow key={deployment.id} deployment={deployment} isPlaceHidden />
            ))}
          </ul>
          {environment.pending
            .filter(({ state, kind }) => state === 'waiting' && kind === 'configuration')
            .map((deployment) => (
              <div key={deployment.id} className="mt-2">
                <PermissionCard deployment={deployment} />
                <div className="flex gap-2">
                  <Decide deployment={deployment} />
                </div>
              </div>
            ))}
        </Section>
      ) : null}
      {environment.instances.length > 0 ? <Instances instances={environment.instances} /> : null}
      {environment.certificates.length > 0 ? (
        <Certificates certificates={environment.certificates} />
      ) : null}
      {environment.hasMachines ? <MachinesSection app={app} environment={name} /> : null}
      {current && environment.target.capabilities.includes('rehearse') ? (
        <RehearsalSection app={app} environment={name} />
      ) : null}
      {current && environment.target.capabilities.includes('drift') ? (
        <DriftSection app={app} environment={name} />
      ) : null}
      {current && environment.target.capabilities.includes('log') ? (
        <ServiceLog
          app={app}
          environment={name}
          services={[...new Set(environment.instances.map((one) => one.service))]}
        />
      ) : null}
      <LastFailure app={app} environment={name} />
      {isPreviewName(name) ? null : (
        <ConfigurationSection
          app={app}
          environment={name}
          change={current === null ? null : environment.change}
        />
      )}
      <History app={app} environment={name} />
    </>
  )
}

/** The output of the newest deployment if it failed. */
function LastFailure({ app, environment }: { app: string; environment: string }) {
  const newest = useDeployments({ app, environment }).data?.pages[0]?.deployments.find(
    ({ ended, live, kind }) => (ended !== null || live !== null) && kind !== 'rollback',
  )
  if (!newest?.started || (newest.state !== 'failed' && newest.state !== 'rolled_back')) return null
  return (
    <div className="mt-6">
      <p className="mb-2">Deployment {newest.id} failed.</p>
      <FailedOutput deployment={newest} />
    </div>
  )
}

/** An environment that is no longer in fairlead.yaml, and the question whether to remove it. */
function Former({ environment: { app, name } }: { environment: Environment }) {
  const client = useClient()
  const navigate = useNavigate()
  const mayAct = useMay('operator', app)
  const [question, ask] = useState<Question | null>(null)
  const remove: Question = {
    title: `Remove ${name}?`,
    text: (
      <p>
        This stops all services of {app} in {name}, and frees its addresses. Its history and its
        configuration are kept.
      </p>
    ),
    verb: 'Stop and remove',
    danger: true,
    act: async () => {
      await client.removeEnvironment({ params: { app, environment: name } })
      await navigate(`/apps/${app}`)
    },
  }
  return (
    <Warning text={`${name} is no longer in fairlead.yaml, and still runs.`}>
      {mayAct ? <Button onClick={() => ask(remove)}>Remove …</Button> : null}
      <Confirm question={question} close={() => ask(null)} />
    </Warning>
  )
}

/** Time that deployments waited for approvals and freezes; nothing if none waited. */
function TimeLost({ app, environment }: { app: string; environment: string }) {
  const lost = useTimeLost(app).data?.find((one) => one.environment === environment)
  if (!lost || lost.waited === 0) return null
  const parts = [
    lost.approvalMs > 0 ? `${durationWords(lost.approvalMs)} waiting for approval` : null,
    lost.frozenMs > 0 ? `${durationWords(lost.frozenMs)} in freezes` : null,
  ].filter((part) => part !== null)
  return (
    <p className="mt-3 text-soft">
      Time lost in the last 30 days: {parts.join(' and ')}. {lost.waited} of {lost.deployments}{' '}
      deployments waited, the longest {durationWords(lost.longestMs)}.
    </p>
  )
}

/** The canaries that run in this environment now. */
function Canaries({ environment }: { environment: Environment }) {
  return environment.pending
    .filter((deployment) => deployment.state === 'canary')
    .map((deployment) => (
      <Section key={deployment.id} title={`Canary: ${deployment.change.subject}`}>
        <CanaryCard deployment={deployment} />
      </Section>
    ))
}

function RollbackState({ environment }: { environment: Environment }) {
  const { rollback, held } = environment
  return (
    <div className="mt-1 text-soft">
      {rollback.possible && rollback.to ? (
        <p>
          Can roll back to “{rollback.to.change.subject}” (
          <code className="font-mono">{shortSha(rollback.to.change.sha)}</code>)
          {rollback.isProven ? ', the last proven release' : ''}
          {rollback.to.live ? (
            <>
              , which was live <Ago time={rollback.to.live} />
            </>
          ) : null}
          .
        </p>
      ) : (
        <p>Cannot roll back: {rollback.reason ?? 'there is no earlier release'}.</p>
      )}
      {held.length > 0 ? (
        <p>
          Held, and not delivered again until someone retries the run:{' '}
          <code className="font-mono">{held.map(shortSha).join(', ')}</code>.
        </p>
      ) : null}
    </div>
  )
}

function Rollback({ environment }: { environment: Environment }) {
  const { app, name, rollback, current } = environment
  const client = useClient()
  const mayAct = useMay('operator', app)
  const [question, ask] = useState<Question | null>(null)
  const [isForced, force] = useState(false)
  if (!mayAct) return null
  const { to, incompatible } = rollback
  const askRollback = (): void => {
    if (!to) return
    if (incompatible !== null) return force(true)
    ask({
      title: `Roll back ${name}?`,
      text: (
        <>
          <p>
            {app} {name} returns to release {to.release}, “{to.change.subject}” (
            {shortSha(to.change.sha)}), with the configuration it had.
          </p>
          {current && current.change.sha !== to.change.sha ? (
            <p className="mt-2">
              “{current.change.subject}” ({shortSha(current.change.sha)}) is held: it is not
              delivered here again until someone retries its run.
            </p>
          ) : null}
        </>
      ),
      verb: `Roll back to ${shortSha(to.change.sha)}`,
      danger: true,
      act: () => client.rollback({ params: { app, environment: name }, body: { to: to.id } }),
    })
  }
  return (
    <>
      <Button
        disabled={!rollback.possible || !to}
        title={rollback.reason ?? undefined}
        onClick={askRollback}
      >
        <Undo2 size={15} aria-hidden />
        Roll back{to ? ` to ${shortSha(to.change.sha)}` : ''}
      </Button>
      {to && incompatible !== null ? (
        <ForcedRollback to={to} why={incompatible} open={isForced} close={() => force(false)} />
      ) : null}
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}

function History({ app, environment }: { app: string; environment: string }) {
  const query = useDeployments({ app, environment })
  return (
    <Section
      title="Deployments"
      aside={
        <ButtonLink to={`/deployments?app=${app}&environment=${environment}`}>
          All deployments
        </ButtonLink>
      }
    >
      <Loaded query={query} shape={<RowsShape rows={4} height="h-16" />}>
        {({ pages }) => {
          const deployments = pages[0]?.deployments.slice(0, 10) ?? []
          if (deployments.length === 0) return <Nothing>Nothing is deployed here yet.</Nothing>
          return (
            <ul className="panel divide-y divide-edge overflow-hidden">
              {deployments.map((deployment) => (
                <DeploymentRow key={deployment.id} deployment={deployment} isPlaceHidden />
              ))}
            </ul>
          )
        }}
      </Loaded>
    </Section>
  )
}
