import { may } from '#contract/access/grants.ts'
import { randomBytes } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import { availableParallelism, hostname } from 'node:os'
import { join } from 'node:path'
import type { WorkflowDefinition } from '#engine/workflow.ts'
import { createAccess } from '#domains/access/access.ts'
import { accessHandlers } from '#domains/access/handlers.ts'
import { createProvider } from '#domains/access/provider.ts'
import { readProviderSettings } from '#domains/access/provider-settings.ts'
import { getArtifact } from '#domains/artifact/store.ts'
import { findIsolation, isolationOptions } from '#platform/process/isolation.ts'
import { findKeys } from '#platform/secret/key-ring.ts'
import { createSecretBox } from '#platform/secret/secret-box.ts'
import { takeNewKey } from '#flows/upkeep/reseal.ts'
import { createTargets } from '#domains/deployment/open-targets.ts'
import { getDeployment, listAllEnvironments } from '#domains/deployment/store.ts'
import { getRun } from '#views/run.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { pushLines } from '#domains/source/change.ts'
import { createGitHttp } from '#domains/source/git-http.ts'
import { sourceHandlers } from '#domains/source/handlers.ts'
import { createSource } from '#domains/source/source.ts'
import { readReference, referenceProblem } from '#domains/configuration/sources/all.ts'
import { forgeHandlers } from '#domains/forge/handlers.ts'
import { webhookHandlers } from '#flows/webhook/handlers.ts'
import { createWebhooks } from '#domains/forge/webhook.ts'
import { createEngine } from '#engine/engine.ts'
import { configurationWorkflow } from '#flows/deployment/configuration.ts'
import { deliveryWorkflow, pullRequestWorkflow } from '#flows/delivery/delivery.ts'
import { createInbox } from '#flows/webhook/inbox.ts'
import { removeFromTargets } from '#flows/deployment/targets.ts'
import { queueDelivery } from '#flows/delivery/queue.ts'
import { rollbackWorkflow } from '#flows/deployment/rollback.ts'
import { watchWorkflow } from '#flows/deployment/watch.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { systemClock } from '#platform/clock.ts'
import { createHostClient } from '#platform/process/host-client.ts'
import type { Home } from '#platform/home.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { machineVariables, stepPath } from '#platform/process/machine.ts'
import { startRunner } from '#platform/process/runner-client.ts'
import { packageRoot, version } from '#platform/self.ts'
import { eventHandlers } from './event-handlers.ts'
import { deploymentHandlers } from '#flows/deployment/handlers.ts'
import { evidenceHandlers } from '#flows/evidence/evidence-handlers.ts'
import { gateHandlers } from '#flows/evidence/gate-handlers.ts'
import { healthHandler } from './health-handlers.ts'
import { permissionHandlers } from '#flows/deployment/permission-handlers.ts'
import { lineHandlers } from '#views/lines.ts'
import { reportHandlers } from '#flows/evidence/report-handlers.ts'
import { keyHandlers } from '#flows/upkeep/key-handlers.ts'
import { pullRequestHandlers } from '#flows/pull-request/handlers.ts'
import { runHandlers } from '#flows/delivery/handlers.ts'
import { createHttpServer } from './http.ts'

/** Below this many megabytes free, new work waits. */
const diskFloor = 500
/** What steps keep between runs may take so many megabytes. */
const cacheMegabytes = 5000

export interface Wiring {
  home: Home
  env: Record<string, string | undefined>
  db: Database
  log: Logger
}

/** Builds everything once, and starts nothing that acts by itself: that is `main`'s. */
export async function wire({ home, env, db, log }: Wiring) {
  const leaseMs = 2000
  const publicUrl =
    env['FAIRLEAD_PUBLIC_URL']?.replace(/\/$/, '') || `http://localhost:${home.port}`
  const host = createHostClient(home.hostSocket)
  const runner = await startRunner({ log, leaseMs: leaseMs * 2 })
  const settings = readProviderSettings(env)
  const common = { now: Date.now, random: randomBytes, publicUrl }
  const provider = settings && createProvider({ ...common, settings })
  const access = createAccess({
    ...common,
    db,
    log,
    provider: provider && settings && { settings, client: provider },
  })
  const keys = findKeys(env, home.key)
  const secrets = createSecretBox(keys)
  await takeNewKey({ db, keys, secrets, log })
  const source = createSource({
    db,
    repositories: home.repositories,
    publicUrl,
    log,
    onChange: (change, actor) => queueDelivery(db, engine, change, { actor, retryOf: null }),
  })
  const isolation = await findIsolation(isolationOptions(home.root, env))
  if (isolation.kind === 'none')
    log.warn('steps and services can read what the server can', { why: isolation.problem })
  const deps: Dependencies = {
    db,
    log,
    home,
    source,
    runner,
    clock: systemClock,
    publicUrl,
    targets: createTargets(targets, {
      ...{ artifacts: home.artifacts, host, edgePort: home.edgePort },
      machine: { ...machineVariables(env), PATH: stepPath(env) },
      publishFolders: publishFolders(home, env),
      ...{ fetch, clock: systemClock, log },
    }),
    cacheBudget: Number(env['FAIRLEAD_CACHE_MB'] ?? cacheMegabytes) * 1e6,
    path: stepPath(env),
    machine: machineVariables(env),
    isolation,
    references: {
      problem: (reference) => referenceProblem(reference, env),
      read: (reference) => readReference(reference, { env, fetch }),
    },
    secrets,
    disk: async () => {
      const stats = await statfs(home.root)
      return {
        free: (stats.bavail * stats.bsize) / 1e6,
        floor: Number(env['FAIRLEAD_DISK_FLOOR_MB'] ?? diskFloor),
      }
    },
  }
  const inbox = createInbox({ db, log, source, now: Date.now, parallel: 8 })
  const webhooks = createWebhooks({
    db,
    secrets,
    now: Date.now,
    random: randomBytes,
    publicUrl,
    onStored: inbox.onStored,
  })
  const concurrency = Number(env['FAIRLEAD_CONCURRENCY'] ?? Math.max(4, availableParallelism() * 2))
  const definitions = [
    deliveryWorkflow(deps, concurrency),
    pullRequestWorkflow(deps, Math.max(2, Math.floor(concurrency / 2))),
    rollbackWorkflow(deps),
    configurationWorkflow(deps),
    watchWorkflow(deps),
  ]
  const engine = createEngine({
    db,
    log,
    clock: systemClock,
    random: Math.random,
    replica: `${hostname()}/${process.pid}`,
    lease: leaseMs,
    definitions: definitions as unknown as WorkflowDefinition[],
    onLease: (validUntil) => runner.lease(Math.max(0, validUntil - systemClock.monotonic())),
  })
  const http = await createHttpServer({
    access,
    provider,
    log,
    version,
    hosts: hostsOf(env, publicUrl),
    proxies: listOf(env['FAIRLEAD_PROXIES']),
    isHttps: publicUrl.startsWith('https:'),
    consoleFolder: join(packageRoot, 'dist/console'),
    webhooks,
    appOf: async (of) => {
      if ('run' in of) return (await getRun(db, of.run))?.app ?? null
      if ('digest' in of) return (await getArtifact(db, of.digest))?.app ?? null
      return (await getDeployment(db, of.deployment))?.app ?? null
    },
    handlers: {
      ...accessHandlers({
        access,
        provider: provider && { name: provider.name },
        getApp: source.get,
      }),
      ...webhookHandlers({ db, webhooks, getApp: source.get }),
      ...forgeHandlers({ db, secrets, getApp: source.get }),
      ...keyHandlers({ db, keys, secrets, log }),
      ...eventHandlers(db),
      ...sourceHandlers(source, (app) => stopApp(deps, app)),
      ...lineHandlers({ db, targets: deps.targets }, source),
      ...runHandlers(deps, engine, source),
      ...pullRequestHandlers(deps),
      ...reportHandlers({ db, source }),
      ...gateHandlers({ db, source }),
      ...evidenceHandlers(deps),
      ...deploymentHandlers(deps, engine),
      ...permissionHandlers(deps),
      ...healthHandler(deps, () =>
        host.status().then(
          () => true,
          () => false,
        ),
      ),
    },
    git: createGitHttp({
      repositories: home.repositories,
      log,
      authorize: async (request, app, wants, address) => {
        const { authorization, cookie } = request.headers
        const caller = await access
          .authenticate({ authorization, cookie, address })
          .catch(() => null)
        const needed = wants === 'write' ? 'developer' : 'viewer'
        if (!caller || may(caller, needed, app)) return caller && { ...caller, allowed: true }
        await access.refusals.note({
          type: 'dev.cdeventsx.fairlead-request.refused',
          subject: `user/${caller.name}`,
          chain: `user/${caller.name}`,
          actor: caller,
          data: { what: `git ${wants === 'write' ? 'push' : 'fetch'}`, app },
        })
        return { ...caller, allowed: false }
      },
      onReceived: async (app, actor) => {
        const { decision, run } = await source.receive(app, actor)
        const stored = await source.stored(app)
        return stored ? pushLines(decision, stored, run, publicUrl) : []
      },
    }),
  })
  return { deps, inbox, engine, source, access, runner, host, http, publicUrl }
}

/** Stops what runs of an app, before it is forgotten. */
async function stopApp(deps: Dependencies, app: string): Promise<void> {
  for (const { name } of await listAllEnvironments(deps.db, app))
    await removeFromTargets(deps, app, name)
}

/** Where targets may publish files: FAIRLEAD_PUBLISH_FOLDERS, else a folder of the installation. */
function publishFolders(home: Home, env: Record<string, string | undefined>): string[] {
  const folders = listOf(env['FAIRLEAD_PUBLISH_FOLDERS'])
  return folders.length > 0 ? folders : [join(home.root, 'publish')]
}

const listOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)

/** Under which names requests may come, besides those of this machine. */
function hostsOf(env: Record<string, string | undefined>, publicUrl: string): string[] {
  return [new URL(publicUrl).hostname, ...listOf(env['FAIRLEAD_HOSTS'])].map((host) =>
    host.toLowerCase(),
  )
}
