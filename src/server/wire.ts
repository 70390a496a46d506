import { randomBytes } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import { availableParallelism, hostname } from 'node:os'
import { join } from 'node:path'
import type { WorkflowDefinition } from '#engine/workflow.ts'
import { createAccess, mayDo } from '#domains/access/access.ts'
import { accessHandlers } from '#domains/access/handlers.ts'
import { createSecretBox, readOrCreateKey } from '#domains/config/secrets.ts'
import { listEnvironments } from '#domains/deploy/store.ts'
import { processTarget } from '#domains/deploy/targets/process.ts'
import { pushLines } from '#domains/source/change.ts'
import { createGitHttp } from '#domains/source/git-http.ts'
import { sourceHandlers } from '#domains/source/handlers.ts'
import { createSource } from '#domains/source/source.ts'
import { createEngine } from '#engine/engine.ts'
import { configurationWorkflow } from '#flows/configuration.ts'
import { deliveryWorkflow } from '#flows/delivery.ts'
import { queueDelivery } from '#flows/queue.ts'
import { rollbackWorkflow } from '#flows/rollback.ts'
import { watchWorkflow } from '#flows/watch.ts'
import type { World } from '#flows/world.ts'
import { systemClock } from '#platform/clock.ts'
import { createHostClient } from '#platform/host-client.ts'
import type { Home } from '#platform/home.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres.ts'
import { machineVariables } from '#platform/machine.ts'
import { startRunner } from '#platform/runner-client.ts'
import { packageRoot, version } from '#platform/self.ts'
import { eventHandlers } from './events.ts'
import { deploymentHandlers } from './handlers/deployments.ts'
import { evidenceHandlers } from './handlers/evidence.ts'
import { gateHandlers } from './handlers/gates.ts'
import { healthHandler } from './handlers/health.ts'
import { lineHandlers } from './handlers/lines.ts'
import { reportHandlers } from './handlers/reports.ts'
import { runHandlers } from './handlers/runs.ts'
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
  const publicUrl = env['FAIRLEAD_PUBLIC_URL']?.replace(/\/$/, '') || `http://localhost:${home.port}`
  const host = createHostClient(home.hostSocket)
  const runner = await startRunner({ log, leaseMs: leaseMs * 2 })
  const access = createAccess({ db, now: Date.now, random: randomBytes, publicUrl })
  const source = createSource({
    db,
    repositories: home.repositories,
    publicUrl,
    log,
    onChange: (change, actor) => queueDelivery(db, engine, change, { actor, retryOf: null }),
  })
  const world: World = {
    db,
    log,
    home,
    source,
    runner,
    clock: systemClock,
    publicUrl,
    target: processTarget(host),
    cacheBudget: Number(env['FAIRLEAD_CACHE_MB'] ?? cacheMegabytes) * 1e6,
    path: pathOf(env),
    machine: machineVariables(env),
    secrets: createSecretBox(readOrCreateKey(home.key)),
    disk: async () => {
      const stats = await statfs(home.root)
      return { free: (stats.bavail * stats.bsize) / 1e6, floor: Number(env['FAIRLEAD_DISK_FLOOR_MB'] ?? diskFloor) }
    },
  }
  const concurrency = Number(env['FAIRLEAD_CONCURRENCY'] ?? Math.max(4, availableParallelism() * 2))
  const definitions = [
    deliveryWorkflow(world, concurrency),
    rollbackWorkflow(world),
    configurationWorkflow(world),
    watchWorkflow(world),
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
    log,
    version,
    hosts: hostsOf(env, publicUrl),
    consoleFolder: join(packageRoot, 'dist/console'),
    handlers: {
      ...accessHandlers(access),
      ...eventHandlers(db),
      ...sourceHandlers(source, (app) => stopApp(world, app)),
      ...lineHandlers(world, source),
      ...runHandlers(world, engine, source),
      ...reportHandlers({ db, source }),
      ...gateHandlers({ db, source }),
      ...evidenceHandlers(world),
      ...deploymentHandlers(world, engine),
      ...healthHandler(world, () =>
        host.status().then(
          () => true,
          () => false,
        ),
      ),
    },
    git: createGitHttp({
      repositories: home.repositories,
      log,
      authorize: async (request, wants) => {
        const { authorization, cookie } = request.headers
        const caller = await access
          .authenticate({ authorization, cookie, address: request.socket.remoteAddress ?? '' })
          .catch(() => null)
        return caller && { name: caller.name, allowed: mayDo(caller.role, wants === 'write' ? 'developer' : 'viewer') }
      },
      onReceived: async (app, actor) => {
        const { decision, run } = await source.receive(app, actor)
        const stored = await source.stored(app)
        return stored ? pushLines(decision, stored, run, publicUrl) : []
      },
    }),
  })
  return { world, engine, source, access, runner, host, http, publicUrl }
}

/** Stops what runs of an app, before it is forgotten. */
async function stopApp(world: World, app: string): Promise<void> {
  for (const { name } of await listEnvironments(world.db, app)) await world.target.removeEnvironment(app, name)
}

/** The PATH of steps and services: the server's, without the folders of this package that `npm start` puts in front. */
function pathOf(env: Record<string, string | undefined>): string {
  const folders = (env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin').split(':')
  return folders
    .filter((folder) => !folder.startsWith(join(packageRoot, 'node_modules')) && !folder.endsWith('/node-gyp-bin'))
    .join(':')
}

/** Under which names requests may come, besides those of this machine. */
function hostsOf(env: Record<string, string | undefined>, publicUrl: string): string[] {
  return [new URL(publicUrl).hostname, ...(env['FAIRLEAD_HOSTS'] ?? '').split(',')]
    .map((host) => host.trim().toLowerCase())
    .filter(Boolean)
}
