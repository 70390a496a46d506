import { randomBytes } from 'node:crypto'
import type { App } from '#contract/app/app.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import type { Handlers } from '#contract/handler.ts'
import type { Access } from '#domains/access/access.ts'
import { accessHandlers } from '#domains/access/handlers.ts'
import type { Provider } from '#domains/access/provider.ts'
import { listAllEnvironments } from '#domains/deployment/store.ts'
import { environmentHandlers } from '#flows/deployment/environment-handlers.ts'
import { removeEnvironment } from '#flows/deployment/remove-environment.ts'
import { forgeHandlers } from '#domains/forge/handlers.ts'
import type { Webhooks } from '#domains/forge/webhook.ts'
import { sourceHandlers } from '#domains/source/handlers.ts'
import type { Source } from '#domains/source/source.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Engine } from '#engine/workflow.ts'
import { runHandlers } from '#flows/delivery/handlers.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { comparisonHandlers } from '#flows/deployment/comparison-handlers.ts'
import { configurationHandlers } from '#flows/deployment/configuration-handlers.ts'
import { prefixHandlers } from '#domains/configuration/prefix-handlers.ts'
import { deploymentHandlers } from '#flows/deployment/handlers.ts'
import { permissionHandlers } from '#flows/deployment/permission-handlers.ts'
import { driftHandlers } from '#flows/drift/handlers.ts'
import { evidenceHandlers } from '#flows/evidence/evidence-handlers.ts'
import { gateHandlers } from '#flows/evidence/gate-handlers.ts'
import { deleteErrorsOf } from '#domains/error/store.ts'
import { deleteSeriesOf } from '#domains/signal/store.ts'
import { alertFigureHandlers } from '#flows/monitoring/alert-figures.ts'
import { alertHandlers } from '#flows/monitoring/alert-handlers.ts'
import type { Monitoring } from '#flows/monitoring/jobs.ts'
import type { NotifyParts } from '#flows/monitoring/channel.ts'
import { hostHandlers, type HostHandlersOptions } from '#flows/host/handlers.ts'
import { incidentHandlers } from '#flows/incident/handlers.ts'
import { reviewActionHandlers } from '#flows/review/action-handlers.ts'
import { reviewHandlers } from '#flows/review/handlers.ts'
import { reviewIssueHandlers } from '#flows/review/issue-handlers.ts'
import { oncallHandlers } from '#flows/oncall/handlers.ts'
import { errorHandlers } from '#flows/error/handlers.ts'
import { monitorHandlers } from '#flows/monitoring/monitor-handlers.ts'
import { sloHandlers } from '#flows/monitoring/slo-handlers.ts'
import { signalHandlers } from '#flows/monitoring/signal-handlers.ts'
import { jobHandlers } from '#flows/job/handlers.ts'
import { machineHandlers } from '#flows/machine/handlers.ts'
import { makeJobKey, wakeJobs } from '#flows/job/background.ts'
import { pageHandlers } from '#flows/status-page/page-handlers.ts'
import { statusPageHandlers } from '#flows/status-page/handlers.ts'
import { subscriptionHandlers } from '#flows/status-page/subscription-handlers.ts'
import { updateHandlers } from '#flows/status-page/update-handlers.ts'
import { experimentHandlers } from '#flows/experiment/handlers.ts'
import { maintenanceHandlers } from '#flows/maintenance/handlers.ts'
import { scaleHandlers } from '#flows/scale/handlers.ts'
import { switchHandlers } from '#flows/switch/handlers.ts'
import { rehearsalHandlers } from '#flows/rehearsal/handlers.ts'
import { reportHandlers } from '#flows/evidence/report-handlers.ts'
import { homeHandlers } from '#flows/home/handlers.ts'
import { pullRequestHandlers } from '#flows/pull-request/handlers.ts'
import { keyHandlers } from '#flows/upkeep/key-handlers.ts'
import { workflowHandlers } from '#flows/upkeep/workflow-handlers.ts'
import { webhookHandlers } from '#flows/webhook/handlers.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import type { KeyRing } from '#platform/secret/key-ring.ts'
import { lineHandlers } from '#views/lines.ts'
import { eventHandlers } from './event-handlers.ts'
import { healthHandlers } from './health-handlers.ts'

export interface HandlerParts {
  deps: Dependencies
  engine: Engine
  source: Source
  access: Access
  /** null when people sign in by links alone */
  provider: Provider | null
  webhooks: Webhooks
  keys: KeyRing
  hosts: Omit<HostHandlersOptions, 'db' | 'local' | 'hostName' | 'folder' | 'now'>
  host: Pick<
    HostClient,
    'status' | 'switches' | 'setSwitches' | 'setMaintenance' | 'setScale' | 'faults'
  >
  jobs: readonly BackgroundJob[]
  notify: NotifyParts
  monitoring: Pick<Monitoring, 'wakeNotifications' | 'wakeStatusPage'>
}

/** The handlers of every endpoint, except those that set cookies. */
export function buildHandlers({
  deps,
  engine,
  source,
  access,
  provider,
  webhooks,
  keys,
  hosts,
  host,
  jobs,
  notify,
  monitoring,
}: HandlerParts): Omit<Handlers, 'createSession' | 'deleteSession'> {
  const { db, log, secrets, home } = deps
  /** Throws when the app does not exist. */
  const getApp = async (name: string): Promise<App> => {
    const app = await source.get(name)
    if (!app) throw new FairleadError('not_found', { kind: 'app', id: name })
    return app
  }
  const everyHost = { local: host, remotes: () => hosts.hosts.named() }
  return {
    ...accessHandlers({ access, provider: provider && { name: provider.name }, getApp }),
    ...webhookHandlers({ db, webhooks, getApp }),
    ...forgeHandlers({ db, secrets, getApp, addressProblem: deps.egress.problem }),
    ...keyHandlers({ db, keys, secrets, log }),
    ...eventHandlers(db, deps.publicUrl),
    ...sourceHandlers(source, { onDelete: (app, actor) => stopApp(deps, app, actor) }),
    ...environmentHandlers(deps),
    ...homeHandlers(deps, source),
    ...lineHandlers({ db, targets: deps.targets }, source),
    ...runHandlers(deps, engine, source),
    ...pullRequestHandlers(deps),
    ...reportHandlers({ db, source }),
    ...gateHandlers({ db, source }),
    ...evidenceHandlers(deps),
    ...deploymentHandlers(deps, engine),
    ...configurationHandlers(deps, engine),
    ...comparisonHandlers(deps),
    ...prefixHandlers({ db, getApp }),
    ...rehearsalHandlers(deps),
    ...driftHandlers(deps, engine),
    ...jobHandlers({ deps, makeKey: makeJobKey, onQueued: () => wakeJobs(jobs) }),
    ...machineHandlers(deps, engine),
    ...hostHandlers({
      ...{ ...hosts, db, local: host, hostName: deps.hostName, folder: home.root },
      now: () => deps.clock.now(),
    }),
    ...permissionHandlers(deps),
    ...workflowHandlers({ db, engine }),
    ...alertHandlers({
      ...{ ...notify, getApp },
      now: () => deps.clock.now(),
      random: () => randomBytes(8).toString('hex'),
      onNotification: monitoring.wakeNotifications,
    }),
    ...alertFigureHandlers(db),
    ...incidentHandlers({ db, getApp, now: () => deps.clock.now() }),
    ...reviewHandlers({ db, now: () => deps.clock.now() }),
    ...reviewActionHandlers({ db, now: () => deps.clock.now() }),
    ...reviewIssueHandlers({ db, now: () => deps.clock.now() }),
    ...oncallHandlers({
      ...{ db, publicUrl: deps.publicUrl, now: () => deps.clock.now(), random: randomBytes },
    }),
    ...errorHandlers({
      ...{ db, getApp, source: deps.source, publicUrl: deps.publicUrl },
    }),
    ...monitorHandlers({ db, publicUrl: deps.publicUrl }),
    ...sloHandlers({ db, clock: deps.clock }),
    ...statusPageHandlers({ db, now: () => deps.clock.now(), address: deps.statusPage }),
    ...pageHandlers({
      ...{ db, address: deps.statusPage, edgePort: home.edgePort, ownHosts: deps.edgeHosts },
      ...{ onChange: monitoring.wakeStatusPage, random: randomBytes, getApp },
    }),
    ...subscriptionHandlers({ db, secrets, getApp }),
    ...updateHandlers({
      ...{ db, now: () => deps.clock.now(), onUpdate: monitoring.wakeStatusPage },
    }),
    ...scaleHandlers({ db, hosts: everyHost }),
    ...experimentHandlers({ deps, engine, hosts: everyHost }),
    ...maintenanceHandlers({ deps, db, hosts: everyHost, now: () => deps.clock.now() }),
    ...switchHandlers({ db, hosts: everyHost, now: () => deps.clock.now() }),
    ...signalHandlers({ db, clock: deps.clock, budget: deps.signalBudget }),
    ...healthHandlers({ db, host, jobs, disk: deps.disk, edgePort: home.edgePort }),
  }
}

/** Stops everything that runs of an app, before the app is deleted. */
async function stopApp(deps: Dependencies, app: string, actor: Actor): Promise<void> {
  for (const { name, pullRequest } of await listAllEnvironments(deps.db, app))
    await removeEnvironment(deps, {
      ...{ app, name, actor, chain: `app/${app}`, reason: 'the app was deleted' },
      ...(pullRequest === null ? {} : { pullRequest }),
    })
  await deps.db.batch([deleteSeriesOf(app), ...deleteErrorsOf(app)])
}
