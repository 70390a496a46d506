import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { HostStatus } from '#contract/host/status.ts'
import { createHostClient } from '#platform/process/host-client.ts'
import { homeFrom, type Home, makeHome } from '#platform/home.ts'
import { findIsolation, type Isolation } from '#platform/process/isolation.ts'
import { createLogger, type Logger } from '#platform/log.ts'
import { selfCommand, version } from '#platform/self.ts'
import { AccessLog } from './access-log.ts'
import { serveAnswers } from './answer-server.ts'
import type { Certificates } from './certificates/certificates.ts'
import { openCertificates } from './certificates/open.ts'
import { createApi } from './api.ts'
import { Blobs } from './blobs.ts'
import { Containers } from './docker/containers.ts'
import { createEngine, engineSocket } from './docker/engine.ts'
import { createEdge, type Edge } from './edge/edge.ts'
import type { EdgeRoute } from './edge/route.ts'
import { handOver, inherit, type Inheritance } from './handover.ts'
import { createLimits } from '#platform/process/memory-limit.ts'
import { listenAt } from './listen.ts'
import { type Lock, takeLock } from './lock.ts'
import { clockOf } from './clock.ts'
import { metricsHost, serveMetrics } from './metrics-server.ts'
import { createMeasurements, type MeasurementLog } from './measurements.ts'
import { createMaintenance } from './maintenance.ts'
import { createScale } from './scale.ts'
import { createMonitors, type HostChecks } from './monitors.ts'
import { Pager } from './pager.ts'
import { Ports } from './port.ts'
import { programOn } from './processes.ts'
import { changedStart } from './fault/changed-start.ts'
import { Journal } from './fault/journal.ts'
import { diskOf, edgeLimits } from './machine-limits.ts'
import { type HostSettings, readHostSettings } from './settings.ts'
import { openState } from './state.ts'
import { Supervisor } from './supervisor.ts'
import { routesAt } from './status-page/routes.ts'
import { createStatusPage, type StatusPageServer } from './status-page/server.ts'
import { createSwitches, type SwitchServer } from './switches/switches.ts'

/** Names the routes of Fairlead itself; no app has this name. */
const ownApp = ''
/** Milliseconds that requests in progress have during a handover. */
const drainMs = 30_000
/** Milliseconds between two deletions of artifacts that nothing uses. */
const sweepBlobsMs = 3_600_000

/**
 * Runs the host until SIGTERM, which leaves the services running for the next host; with `upgrade`,
 * asks the running host to hand over to this program.
 */
export async function main(options: { upgrade: boolean }): Promise<number> {
  const home = orExit(() => homeFrom(process.env))
  if (options.upgrade) return upgradeRunning(home)
  const settings = orExit(() => {
    makeHome(home)
    return readHostSettings(process.env, home.root)
  })
  return serve(home, settings)
}

function orExit<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    return exitWith(error)
  }
}

/** Ends this host because a setting is wrong: one sentence for a person, or for the log. */
function exitWith(error: unknown): never {
  const { message } = error as Error
  if (process.stderr.isTTY) process.stderr.write(`fairlead: ${message}\n`)
  else createLogger((line) => process.stderr.write(line)).error(message)
  process.exit(1)
}

async function upgradeRunning(home: Home): Promise<number> {
  const client = createHostClient(home.hostSocket)
  try {
    await client.upgrade(selfCommand('host'))
    return 0
  } finally {
    client.close()
  }
}

async function serve(home: Home, settings: HostSettings): Promise<number> {
  const logger = createLogger((line) => process.stderr.write(line))
  const inherited = await inherit()
  const lock = takeLock(join(home.host, 'lock'), process.send !== undefined)
  if (!lock) {
    logger.info('another host serves this installation already')
    return 0
  }
  const isolation = await findIsolation(settings.isolation).catch(exitWith)
  const host = new Host({ home, settings, logger, lock, inherited, isolation })
  return host.run()
}

interface HostOptions {
  home: Home
  settings: HostSettings
  logger: Logger
  lock: Lock
  inherited: Inheritance
  isolation: Isolation
}

/** One host process with its edge, its supervisor and its API. */
class Host {
  readonly #home: Home
  readonly #settings: HostSettings
  readonly #logger: Logger
  readonly #inherited: Inheritance
  readonly #edge: Edge
  readonly #supervisor: Supervisor
  readonly #api: Server
  readonly #started = Date.now()
  readonly #measurements: MeasurementLog
  readonly #monitors: HostChecks
  readonly #pager: Pager
  readonly #certificates: Certificates | null
  readonly #switches: SwitchServer
  readonly #statusPage: StatusPageServer
  readonly #blobs: Blobs
  readonly #ended = Promise.withResolvers<number>()
  #lock: Lock
  #isLeaving = false
  /** stops what serves pages of the host itself */
  readonly #stops: (() => void)[] = []
  #claimSocket = (): void => undefined

  constructor({ home, settings, logger, lock, inherited, isolation }: HostOptions) {
    this.#home = home
    this.#settings = settings
    this.#logger = logger
    this.#lock = lock
    this.#inherited = inherited
    const { https } = settings
    const parts = { domains: () => this.#edge.domains(), log: logger.warn }
    this.#certificates = https && orExit(() => openCertificates(https, home.host, parts))
    this.#edge = createEdge({
      address: settings.listen,
      log: logger.warn,
      programOn,
      random: Math.random,
      keyed: (place, header) => this.#switches.begin(place, header),
      limits: edgeLimits(settings),
      proxies: settings.proxies,
      proxyProtocol: settings.proxyProtocol,
      access: new AccessLog({ folder: join(home.host, 'access'), log: logger.warn }),
      https: https && this.#certificates && { port: https.port, certificates: this.#certificates },
    })
    const { keepFree } = settings
    const id = readId(join(home.host, 'id'))
    const ports = new Ports(Math.random)
    this.#switches = createSwitches({
      ...{ folder: join(home.host, 'switches'), log: logger.warn },
      freePort: () => ports.assign(null),
      sources: () => this.#supervisor.switchSources(),
    })
    this.#statusPage = createStatusPage({
      ...{ folder: join(home.host, 'status-page'), log: logger.warn },
      ...{ now: Date.now, steady: () => performance.now() },
      url: settings.statusPage?.url ?? null,
    })
    const scale = createScale({
      ...{ file: join(home.host, 'scale.json'), log: logger.warn },
      changed: () => this.#supervisor.scaled(),
    })
    const journal = new Journal(home.host)
    this.#supervisor = new Supervisor({
      folder: home.host,
      machine: {
        id,
        ports,
        limits: createLimits(id),
        isolation,
        path: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
        keepFree,
        random: Math.random,
        containers: new Containers({
          ...{ engine: createEngine(engineSocket(process.env)), id, keepFree },
          usedFile: join(home.host, 'containers'),
          log: logger.warn,
        }),
        switches: (app, environment) => this.#switches.place(app, environment),
        changedStart: (of) => changedStart(journal, of),
      },
      state: openState(join(home.host, 'state'), (problem) => logger.error(problem)),
      scale,
      edge: this.#edge,
      predecessor: inherited.predecessor,
      log: logger.warn,
    })
    this.#blobs = new Blobs({
      ...{ layout: join(home.host, 'artifacts'), keepFree },
      isUsed: (artifact) => this.#supervisor.usesArtifact(artifact),
    })
    this.#measurements = createMeasurements({
      run: `${process.pid}-${this.#started}`,
      folder: home.host,
      takeTraffic: () => this.#edge.takeSecond().filter(({ app }) => app !== ownApp),
      releases: () => this.#supervisor.all(),
      clock: clockOf(settings.ntp, Date.now),
    })
    this.#monitors = createMonitors({
      ...{ file: join(home.host, 'monitors.json'), run: `${process.pid}-${this.#started}` },
      ...{ edgePort: home.edgePort, random: Math.random, log: logger.warn },
      placeOf: (...of) => this.#supervisor.place(...of),
    })
    this.#pager = new Pager({
      ...{ id, folder: home.host, hostName: hostname(), now: Date.now, log: logger.warn },
      url: settings.url,
      isConnected: () => this.#monitors.isConnected(),
      countReleases: () => this.#supervisor.all().length,
    })
    this.#api = createApi({
      supervisor: this.#supervisor,
      monitors: this.#monitors,
      pager: this.#pager,
      switches: this.#switches,
      maintenance: createMaintenance({
        ...{ file: join(home.host, 'maintenance.json'), edge: this.#edge, log: logger.warn },
      }),
      scale,
      statusPage: this.#statusPage,
      blobs: this.#blobs,
      measurements: (after, waitMs) => this.#measurements.next(after, waitMs),
      status: () => this.#status(),
      upgrade: (command) => this.#upgrade(command),
      stopAll: () => this.#supervisor.stopAll(),
    })
  }

  async run(): Promise<number> {
    await this.#switches.start()
    // Routes come first, because accepting the inherited sockets needs their ports.
    this.#supervisor.adopt()
    await this.#routeOwnPages()
    try {
      await this.#edge.listen(this.#home.edgePort, this.#inherited.sockets)
    } catch (error) {
      this.#logger.error(
        `the edge cannot listen: ${(error as Error).message}; set FAIRLEAD_EDGE_PORT ` +
          'and FAIRLEAD_EDGE_HTTPS_PORT to ports that are free and permitted',
      )
      this.#supervisor.freeze()
      this.#lock.free()
      return 1
    }
    this.#claimSocket = await listenAt(this.#api, this.#home.hostSocket)
    this.#measurements.start()
    this.#monitors.start()
    this.#certificates?.start()
    this.#sweepBlobs()
    void this.#inherited.predecessor.then(() => this.#pager.start())
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => void this.#leave(true))
    process.on('SIGHUP', () => undefined)
    this.#inherited.serving()
    this.#logger.info('the host serves', { pid: process.pid, edge: this.#home.edgePort, version })
    return this.#ended.promise
  }

  #sweepBlobs(): void {
    const sweep = (): void =>
      void this.#blobs.sweep(Date.now()).catch(({ message: error }: Error) => {
        this.#logger.warn('unused artifacts could not be deleted', { error })
      })
    sweep()
    setInterval(sweep, sweepBlobsMs).unref()
  }

  /** The edge serves pages of the host as it serves an app, without counting them as one. */
  async #routeOwnPages(): Promise<void> {
    const { statusPage, metricsPort, url } = this.#settings
    if (statusPage !== null)
      await this.#routeOwn('status', statusPage, () => this.#statusPage.start(statusPage))
    await this.#statusPage.startOthers(routesAt(this.#edge, ownApp))
    this.#stops.push(() => this.#statusPage.stop())
    await this.#routeOwn('metrics', { host: metricsHost, port: metricsPort }, () =>
      serveMetrics({
        status: () => this.#status(),
        measurements: () => this.#measurements.after(0),
      }),
    )
    // People acknowledge what this host sent, also while the server and the database are gone.
    if (url !== null)
      await this.#routeOwn('answers', { host: url.hostname, port: null }, () =>
        serveAnswers(this.#pager),
      )
  }

  async #routeOwn(
    page: 'status' | 'metrics' | 'answers',
    { host, port }: { host: string; port: number | null },
    start: () => Promise<{ port: number; stop(): void; memory?: EdgeRoute['memory'] }>,
  ): Promise<void> {
    try {
      const served = await start()
      this.#stops.push(served.stop)
      const services = [{ name: page, ports: [served.port] }]
      const { memory } = served
      this.#edge.set({ app: ownApp, environment: page, release: 0, host, port, services, memory })
    } catch (error) {
      this.#logger.error(`the host does not serve its ${page}: ${(error as Error).message}`)
    }
  }

  async #upgrade(command: [string, ...string[]]): Promise<void> {
    await this.#supervisor.settled(drainMs)
    this.#supervisor.freeze()
    try {
      await handOver(command, this.#edge.sockets())
    } catch (error) {
      this.#logger.error('the next host did not come to serve; this one goes on', {
        error: (error as Error).message,
      })
      this.#lock = takeLock(join(this.#home.host, 'lock'), true) ?? this.#lock
      this.#claimSocket()
      this.#supervisor.adopt()
      throw error
    }
    setImmediate(() => void this.#leave(false))
  }

  async #leave(isLast: boolean): Promise<void> {
    if (this.#isLeaving) return
    this.#isLeaving = true
    this.#monitors.stop()
    this.#certificates?.stop()
    this.#pager.stop()
    this.#switches.stop()
    this.#supervisor.freeze()
    if (isLast) rmSync(this.#home.hostSocket, { force: true })
    this.#api.close()
    this.#api.closeIdleConnections()
    await this.#edge.close(drainMs)
    for (const stop of this.#stops) stop()
    this.#supervisor.settleCounts(Infinity)
    this.#api.closeAllConnections()
    if (isLast) this.#lock.free()
    this.#ended.resolve(0)
    // Exits even when something idle still holds the process.
    setTimeout(() => process.exit(0), 1000).unref()
  }

  #status(): HostStatus {
    return {
      version,
      pid: process.pid,
      started: this.#started,
      now: Date.now(),
      ...diskOf(this.#home.host),
      edge: this.#home.edgePort,
      releases: this.#supervisor.all(),
      ...(this.#certificates && { certificates: this.#certificates.status() }),
      routes: this.#edge
        .counts()
        .filter(({ app }) => app !== ownApp)
        .map(({ problem, ...route }) => (problem === null ? route : { ...route, problem })),
    }
  }
}

/** Identifies this installation on its machine, in the environment of its processes. */
function readId(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    const id = randomBytes(8).toString('hex')
    writeFileSync(`${file}.draft`, id, { mode: 0o600 })
    renameSync(`${file}.draft`, file)
    return id
  }
}
