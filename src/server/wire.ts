import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createAccess } from '#domains/access/access.ts'
import { createProvider } from '#domains/access/provider.ts'
import { readProviderSettings } from '#domains/access/provider-settings.ts'
import { createWebhooks } from '#domains/forge/webhook.ts'
import { createCheckouts } from '#domains/source/checkouts.ts'
import { createSource } from '#domains/source/source.ts'
import { createEngine } from '#engine/engine.ts'
import type { Engine, WorkflowDefinition } from '#engine/workflow.ts'
import { experimentWorkflow } from '#flows/experiment/workflow.ts'
import { machinesWorkflow } from '#flows/machine/workflow.ts'
import { deliveryWorkflow, pullRequestWorkflow } from '#flows/delivery/delivery.ts'
import { queueDelivery } from '#flows/delivery/queue.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { configurationWorkflow } from '#flows/deployment/configuration.ts'
import { rollbackWorkflow } from '#flows/deployment/rollback.ts'
import { type CatchUpHosts, catchUpWorkflow } from '#flows/deployment/catch-up.ts'
import { watchWorkflow } from '#flows/deployment/watch.ts'
import { Hosts } from '#flows/host/hosts.ts'
import { isFinal } from '#flows/final-error.ts'
import { collectErrors } from '#flows/error/collect.ts'
import type { Handlers } from '#contract/handler.ts'
import { createAlertmanager } from '#flows/monitoring/alertmanager.ts'
import { createInbox } from '#flows/monitoring/inbox.ts'
import { createIngest } from '#flows/error/ingest.ts'
import { createSourceMaps } from '#flows/error/source-maps.ts'
import { createAnswers } from '#flows/monitoring/answer.ts'
import { monitoring } from '#flows/monitoring/jobs.ts'
import { openTerminal } from '#flows/job/terminal.ts'
import { calendarText } from '#flows/oncall/calendar.ts'
import { webhookInbox } from '#flows/webhook/inbox.ts'
import { takeNewKey } from '#flows/upkeep/reseal.ts'
import { systemClock } from '#platform/clock.ts'
import { type Home, homeId } from '#platform/home.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { untilBack } from '#platform/postgres/until-back.ts'
import { getSilence } from '#domains/alert/silence-store.ts'
import { getIncident } from '#domains/incident/store.ts'
import { getAlert } from '#domains/alert/store.ts'
import { getAppOfError } from '#domains/error/store.ts'
import { createHostClient } from '#platform/process/host-client.ts'
import { startRunner } from '#platform/process/runner-client.ts'
import { derivedSecret, findKeys } from '#platform/secret/key-ring.ts'
import { createSecretBox } from '#platform/secret/secret-box.ts'
import { sshVariables } from '#platform/ssh/ssh.ts'
import { ownPackage } from '#platform/own-package.ts'
import { packageRoot, version } from '#platform/self.ts'
import { getRun } from '#views/run.ts'
import type { AppOf } from './authorize.ts'
import { buildDependencies } from './dependencies.ts'
import { installationMetrics } from './installation-metrics.ts'
import { gitRemote } from './git-remote.ts'
import { buildHandlers } from './handlers.ts'
import { createHttpServer } from './http.ts'
import { backgroundJobs } from './jobs.ts'
import { sendHeartbeat } from './own-heartbeat.ts'
import { readersOf } from './readers.ts'
import type { ServerSettings } from './settings.ts'
import { knownApps } from '#views/app.ts'
import { getDeployment } from '#views/deployment.ts'
import { getSuspended } from '#views/workflow.ts'

export interface Wiring {
  /** Called when a server of another folder took the place of this one. */
  onReplaced(error: Error): void
  home: Home
  env: Record<string, string | undefined>
  settings: ServerSettings
  db: Database
  log: Logger
}

/** Milliseconds after which another replica takes over the workflows of this one. */
const lease = 2000

/** Builds every part of the server once. Nothing starts by itself; `main` starts it. */
export async function wire({ home, env, settings, db, log, onReplaced }: Wiring) {
  const { publicUrl, periods } = settings
  const replica = `${hostname()}/${process.pid}`
  const host = createHostClient(home.hostSocket)
  const ssh = { config: env['FAIRLEAD_SSH_CONFIG'] || null, env: sshVariables(env) }
  const hosts = new Hosts({
    ...{ db, log, ssh, clock: systemClock, own: ownPackage, random: Math.random },
  })
  const remotes = () => hosts.named()
  const runner = await startRunner({ log, leaseMs: lease * 2 })
  const { keys, secrets } = await openSecrets({ home, env, db, log })
  const { access, provider } = openAccess({ env, db, log, publicUrl })
  const checkouts = createCheckouts({ db, repositories: home.repositories })
  const deps = await buildDependencies({
    ...{ home, env, settings, db, log },
    ...{ host, hosts, ssh, runner, secrets, source: checkouts },
  })
  const engine = createEngine({
    db,
    log,
    replica,
    home: homeId(home),
    lease,
    clock: systemClock,
    random: Math.random,
    definitions: workflows(deps, settings.concurrency, hosts),
    isFinal,
    onReplaced,
    onLease: (validUntil) => runner.lease(Math.max(0, validUntil - systemClock.monotonic())),
  })
  const source = openSource({ home, db, log, publicUrl, engine })
  const inbox = webhookInbox({
    ...{ db, log, source, now: Date.now, parallel: 8 },
    interval: periods.inbox,
  })
  const webhooks = createWebhooks({
    db,
    secrets,
    now: Date.now,
    random: randomBytes,
    publicUrl,
    onStored: () => inbox.wake(),
  })
  const notify = {
    ...{ db, secrets, publicUrl },
    io: { fetch: deps.egress.fetch, mail: settings.mail, commands: settings.channelCommands },
  }
  const policy = {
    ...{ privateHosts: settings.privateHosts, references: settings.reach },
    allowAddresses: env['FAIRLEAD_ALLOW_ADDRESSES'] ?? '',
  }
  const monitors = monitoring({
    ...{ deps, host, policy, replica, notify, periods, remotes: hosts },
    readers: readersOf(env),
    theme: settings.statusTheme,
    roster: {
      after: settings.hostPagesMs,
      hostSecret: () => derivedSecret(keys, 'hosts'),
      servers: [...new Set([`http://127.0.0.1:${home.port}`, publicUrl])],
    },
  })
  const maps = createSourceMaps({ layout: home.artifacts })
  const errors = collectErrors({
    ...{ db, maps, now: Date.now, interval: periods.errors },
    hosts: { local: host, remotes },
  })
  const heartbeat =
    settings.heartbeat === null
      ? null
      : sendHeartbeat(
          {
            ...{ url: settings.heartbeat, db, host, fetch },
            jobs: monitors.jobs.map(({ name }) => name),
          },
          periods.heartbeat,
        )
  const jobs = backgroundJobs({
    deps,
    env,
    hosts,
    engine,
    source,
    access,
    inbox,
    periods,
    monitoring: monitors,
    errors,
    heartbeat,
  })
  const metrics = () => installationMetrics({ db, host, jobs, version })
  const handlers = buildHandlers({
    deps,
    engine,
    source,
    access,
    provider,
    webhooks,
    keys,
    hosts: { hosts, ssh, own: ownPackage },
    host,
    jobs,
    notify,
    monitoring: monitors,
  })
  const http = await createHttpServer({
    ...alertIntake({ db, publicUrl, handlers }),
    ingest: createIngest({ db, maps, now: Date.now }),
    metrics,
    answers: createAnswers({ ...notify, now: Date.now }),
    openTerminal: (...of) => openTerminal(deps, ...of),
    calendar: (rota, key) => calendarText(deps, { rota, key, now: Date.now() }),
    access,
    provider,
    log,
    version,
    webhooks,
    hosts: [new URL(publicUrl).hostname, ...settings.hosts].map((name) => name.toLowerCase()),
    proxies: settings.proxies,
    isHttps: publicUrl.startsWith('https:'),
    consoleFolder: join(packageRoot, 'dist/console'),
    appOf: appOf(db),
    isKnownApp: knownApps(db),
    handlers,
    git: gitRemote({ access, source, publicUrl, log, repositories: home.repositories }),
  })
  return { deps, replica, engine, source, access, runner, host, hosts, http, jobs }
}

/** How other tools send alerts and read them. */
function alertIntake({
  db,
  publicUrl,
  handlers,
}: Pick<Wiring, 'db'> & { publicUrl: string; handlers: Pick<Handlers, 'acknowledgeAlert'> }) {
  const { signal } = new AbortController()
  const body = { minutes: 60, comment: '' }
  return {
    inbox: createInbox({
      ...{ db, now: Date.now, random: () => randomBytes(16).toString('hex') },
      acknowledge: (alert, caller) =>
        handlers.acknowledgeAlert({ params: { alert }, query: {}, body }, caller, signal),
    }),
    alertmanager: createAlertmanager({ db, publicUrl, now: Date.now }),
    started: new Date().toISOString(),
  }
}

async function openSecrets({ home, env, db, log }: Pick<Wiring, 'home' | 'env' | 'db' | 'log'>) {
  const keys = findKeys(env, home.key)
  const secrets = createSecretBox(keys)
  await untilBack(log, () => takeNewKey({ db, keys, secrets, log }))
  return { keys, secrets }
}

/** Who may sign in: by links and, when it is configured, by an OpenID provider. */
function openAccess({
  env,
  db,
  log,
  publicUrl,
}: Pick<Wiring, 'env' | 'db' | 'log'> & { publicUrl: string }) {
  const settings = readProviderSettings(env)
  const common = { now: Date.now, random: randomBytes, publicUrl }
  const provider = settings && createProvider({ ...common, settings })
  const access = createAccess({
    ...common,
    db,
    log,
    provider: provider && settings && { settings, client: provider },
  })
  return { access, provider }
}

function workflows(
  deps: Dependencies,
  concurrency: number,
  hosts: CatchUpHosts,
): WorkflowDefinition[] {
  const definitions = [
    deliveryWorkflow(deps, concurrency),
    pullRequestWorkflow(deps, Math.max(2, Math.floor(concurrency / 2))),
    rollbackWorkflow(deps),
    configurationWorkflow(deps),
    watchWorkflow(deps),
    catchUpWorkflow(deps, hosts),
    machinesWorkflow(deps),
    experimentWorkflow(deps),
  ]
  // Each definition has an input type of its own; the engine passes stored JSON.
  return definitions as unknown as WorkflowDefinition[]
}

/** Apps and their repositories; every new change of the branch is delivered. */
function openSource({
  home,
  db,
  log,
  publicUrl,
  engine,
}: Pick<Wiring, 'home' | 'db' | 'log'> & { publicUrl: string; engine: Engine }) {
  return createSource({
    db,
    log,
    publicUrl,
    repositories: home.repositories,
    onChange: (change, actor) => queueDelivery(db, engine, change, { actor, retryOf: null }),
  })
}

const appOf =
  (db: Database): AppOf =>
  async (owned) => {
    if ('run' in owned) return (await getRun(db, owned.run))?.app ?? null
    if ('error' in owned) return getAppOfError(db, owned.error)
    if ('silence' in owned) return (await getSilence(db, owned.silence))?.app ?? null
    if ('alert' in owned) return (await getAlert(db, owned.alert))?.app ?? null
    if ('incident' in owned) return (await getIncident(db, owned.incident))?.app ?? null
    if ('workflow' in owned) return (await getSuspended(db, owned.workflow))?.app ?? null
    return (await getDeployment(db, owned.deployment))?.app ?? null
  }
