import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { HostRelease, HostService } from '#contract/host/host.ts'
import { confine, type Isolation, userOf } from '#platform/process/isolation.ts'
import { selfCommand } from '#platform/self.ts'

export interface Started {
  release: HostRelease
  service: HostService
  index: number
  port: number | null
  /** Unique for this start, in the environment of all its processes. */
  marker: string
  /** The unpacked artifact. */
  folder: string
  dataFolder: string
  logFile: string
  /** Its /tmp, empty at the start. */
  tmpFolder: string
  /** Inside that folder: the file where a service without a port can write its metrics. */
  metricsFile: string
  /** The cgroup to run in. */
  cgroup: string | null
  /** The PATH for a service that sets none. */
  path: string
  isolation: Isolation
}

/**
 * Starts an instance in a session of its own; its output goes directly to its log. Throws one
 * sentence on failure.
 */
export function startProcess(started: Started): ChildProcess {
  const cwd = join(started.folder, started.service.directory)
  if (!existsSync(cwd))
    throw new Error(`its directory ${started.service.directory} is not in the artifact`)
  const [command, ...args] = commandOf(started)
  const log = openSync(started.logFile, 'a', 0o600)
  try {
    const place = isConfined(started) ? '/' : cwd
    return spawn(command, args, {
      cwd: place,
      detached: true,
      stdio: ['ignore', log, log],
      env: environmentOf(started),
    })
  } finally {
    closeSync(log)
  }
}

/**
 * Returns whether the instance is isolated. Static files are served by our own program, which runs
 * nothing of the app.
 */
export const isConfined = ({
  isolation,
  service,
}: Pick<Started, 'isolation' | 'service'>): boolean =>
  isolation.kind === 'confined' && service.static === undefined

function confinedBy({
  isolation,
  service,
  release,
  folder,
  dataFolder,
  tmpFolder,
}: Started): string[] {
  if (isolation.kind === 'none' || service.static !== undefined) return []
  return confine(isolation.tools, isolation.policy, {
    user: userOf(release.app, 'services'),
    // It outlives the host, and the next host adopts it.
    isBound: false,
    cwd: join(folder, service.directory),
    readable: [folder],
    writable: [dataFolder, tmpFolder],
    tmp: tmpFolder,
    network: true,
  })
}

function commandOf(started: Started): [string, ...string[]] {
  const { service, cgroup } = started
  const confined = confinedBy(started)
  const run: [string, ...string[]] = ['sh', '-c', service.run ?? 'exit 1']
  const command =
    service.static === undefined ? before(confined, run) : selfCommand('static', service.static)
  // The process joins the cgroup before it becomes the service, so that no child starts outside.
  return cgroup === null
    ? command
    : ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup, ...command]
}

const before = (
  [program, ...args]: string[],
  command: [string, ...string[]],
): [string, ...string[]] => (program === undefined ? command : [program, ...args, ...command])

function environmentOf({
  release,
  service,
  index,
  port,
  marker,
  dataFolder,
  metricsFile,
  path,
}: Started): Record<string, string> {
  return {
    PATH: path,
    HOME: dataFolder,
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
    FAIRLEAD_DATA_DIR: dataFolder,
    FAIRLEAD_METRICS_FILE: metricsFile,
    FAIRLEAD_PROCESS: marker,
  }
}
