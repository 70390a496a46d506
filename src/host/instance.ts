import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import type { HostInstance, HostRelease, HostService } from '#contract/host.ts'
import { selfCommand } from '#platform/self.ts'
import { backoff, checkHealth, healthPause } from './health.ts'
import { rotate, tailOf } from './log-file.ts'
import { freePort } from './port.ts'
import { isRunning, listeningPorts, signalAll, startTimeOf, treeOf } from './processes.ts'
import type { SavedInstance } from './state.ts'

/** A worker without a port is well when it lives this long. */
const workerSettles = 1000
/** A healthy instance that stayed up this long starts again at once after a crash. */
const stableAfter = 10_000
/** Looks in a row that must say no before a healthy instance leaves the rotation. */
const looksUntilUnhealthy = 3
/** Exits before it was ever healthy, after which a release is given up. */
const exitsUntilFailed = 2

export interface InstanceContext {
  release: HostRelease
  service: HostService
  /** the unpacked artifact */
  folder: string
  dataFolder: string
  logFile: string
  /** persists, and tells the release and the edge */
  changed(): void
  /** it will not become healthy: the sentence says why */
  failed(reason: string): void
  random(): number
}

export interface Instance {
  readonly saved: SavedInstance
  view(): HostInstance
  isHealthy(): boolean
  start(): void
  /** Lets go without stopping the process: another host takes over. */
  release(): void
  stop(): Promise<void>
}

/** Keeps one copy of a service running: starts, looks, starts again with back-off, stops. Adopts a process that runs already. */
export function createInstance(context: InstanceContext, saved: SavedInstance): Instance {
  const { service } = context
  let state: HostInstance['state'] = 'stopped'
  let epoch = 0
  let crashes = 0
  let wasHealthy = false
  let timer: NodeJS.Timeout | undefined

  const set = (next: HostInstance['state']): void => {
    if (state === next) return
    state = next
    context.changed()
  }

  const start = (): void => {
    epoch += 1
    const mine = epoch
    if (saved.pid !== null && isRunning(saved.pid, saved.startTime)) {
      // It outlived the host: look at it before it gets new traffic, but do not touch it.
      state = 'healthy'
      void look(mine, saved.pid, Date.now() - (saved.started ?? 0))
      return
    }
    launch(mine).catch((error: Error) => {
      saved.reason = error.message
      context.failed(`${service.name} cannot start: ${error.message}`)
    })
  }

  const launch = async (mine: number): Promise<void> => {
    const port = service.port ? await freePort(saved.port) : null
    if (mine !== epoch) return
    rotate(context.logFile)
    const child = spawnService(context, saved.index, port)
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    const pid = child.pid ?? 0
    Object.assign(saved, { pid, startTime: startTimeOf(pid), port, started: Date.now(), reason: null })
    state = 'starting'
    context.changed()
    child.once('exit', (code, signal) => mine === epoch && ended(mine, code, signal))
    child.unref()
    await look(mine, pid, 0)
  }

  /** Looks again and again while the process lives; one that is not our child is watched by its start time. */
  const look = async (mine: number, pid: number, age: number): Promise<void> => {
    const began = performance.now() - age
    let misses = 0
    while (mine === epoch) {
      const since = performance.now() - began
      if (!isRunning(pid, saved.startTime)) return ended(mine, null, null)
      const problem = service.port
        ? await checkHealth(saved.port ?? 0, service.health.path, 5000)
        : since < workerSettles
          ? 'it has just started'
          : null
      if (mine !== epoch) return
      if (problem === null) {
        misses = 0
        wasHealthy = true
        saved.reason = null
        if (since > stableAfter) crashes = 0
        set('healthy')
      } else if (state === 'healthy') {
        misses += 1
        if (misses >= looksUntilUnhealthy) {
          saved.reason = problem
          set('unhealthy')
        }
      } else if (!wasHealthy && since > service.health.timeout) {
        return giveUp(problem)
      }
      await new Promise(
        (resolve) => (timer = setTimeout(resolve, healthPause(since, state === 'healthy', service.health.interval))),
      )
    }
  }

  const giveUp = (problem: string): void => {
    const others = listeningPorts(treeOf(saved.pid ?? 0, markerOf(context, saved.index))).filter(
      (port) => port !== saved.port,
    )
    const wrong = others.length > 0 ? `; it listens on port ${others.join(', ')} instead of $PORT (${saved.port})` : ''
    saved.reason = `${problem}${wrong}`
    context.failed(
      `${service.name} did not become healthy within ${service.health.timeout / 1000} s: ${problem}${wrong}${tailOf(context.logFile)}`,
    )
  }

  const ended = (mine: number, code: number | null, signal: NodeJS.Signals | null): void => {
    if (mine !== epoch) return
    epoch += 1
    const how = signal ? `was killed by ${signal}` : code === null ? 'ended' : `exited with ${code}`
    // What it left behind must not hold the port or write on.
    signalAll(treeOf(saved.pid ?? 0, markerOf(context, saved.index)), 'SIGKILL')
    saved.reason = `${service.name} ${how}${tailOf(context.logFile)}`
    saved.pid = null
    saved.startTime = null
    crashes += 1
    saved.restarts += 1
    set('backoff')
    if (!wasHealthy && crashes >= exitsUntilFailed) return context.failed(saved.reason)
    const pause = backoff(crashes) * (0.9 + 0.2 * context.random())
    timer = setTimeout(start, pause)
  }

  return {
    saved,
    view: () => ({
      service: service.name,
      index: saved.index,
      state,
      pid: saved.pid,
      port: saved.port,
      started: saved.started,
      restarts: saved.restarts,
      reason: saved.reason,
    }),
    isHealthy: () => state === 'healthy',
    start,
    release: () => {
      epoch += 1
      clearTimeout(timer)
    },
    stop: async () => {
      epoch += 1
      clearTimeout(timer)
      if (saved.pid !== null) {
        set('stopping')
        await terminate(saved.pid, saved.startTime, markerOf(context, saved.index), service.stop)
      }
      Object.assign(saved, { pid: null, startTime: null, started: null })
      state = 'stopped'
      context.changed()
    },
  }
}

/** The signal, the grace, then the end for everything it began. */
async function terminate(
  pid: number,
  startTime: string | null,
  marker: string,
  stop: HostService['stop'],
): Promise<void> {
  if (isRunning(pid, startTime)) {
    signalGroup(pid, stop.signal as NodeJS.Signals)
    const until = performance.now() + stop.grace
    while (isRunning(pid, startTime) && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 10))
  }
  for (let tries = 0; tries < 100; tries += 1) {
    const left = treeOf(pid, marker)
    if (left.length === 0) return
    signalAll(left, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is gone.
  }
}

const markerOf = (context: InstanceContext, index: number): string =>
  `${context.release.app}/${context.release.environment}/${context.release.release}/${context.service.name}/${index}`

function spawnService(context: InstanceContext, index: number, port: number | null): ChildProcess {
  const { release, service } = context
  const command =
    service.static === undefined ? ['sh', '-c', service.run ?? 'exit 1'] : selfCommand('static', service.static)
  const log = openSync(context.logFile, 'a', 0o600)
  try {
    return spawn(command[0] ?? 'sh', command.slice(1), {
      cwd: `${context.folder}/${service.directory}`,
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        HOME: context.dataFolder,
        LANG: 'C.UTF-8',
        ...release.env,
        ...service.env,
        ...(port === null ? {} : { PORT: String(port) }),
        HOST: '127.0.0.1',
        FAIRLEAD_APP: release.app,
        FAIRLEAD_ENVIRONMENT: release.environment,
        FAIRLEAD_RELEASE: String(release.release),
        FAIRLEAD_SERVICE: service.name,
        FAIRLEAD_INSTANCE: String(index),
        FAIRLEAD_DATA_DIR: context.dataFolder,
        FAIRLEAD_PROCESS: markerOf(context, index),
        FAIRLEAD_START: randomBytes(4).toString('hex'),
      },
    })
  } finally {
    closeSync(log)
  }
}
