import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { HostRelease, HostService } from '#contract/host.ts'
import { selfCommand } from '#platform/self.ts'

export interface Started {
  release: HostRelease
  service: HostService
  index: number
  port: number | null
  /** unique for this start, in the environment of everything that it begins */
  marker: string
  /** the unpacked artifact */
  folder: string
  dataFolder: string
  logFile: string
  /** where one without a port may write its metrics */
  metricsFile: string
  /** the cgroup to run in */
  cgroup: string | null
  /** for a service that sets none */
  path: string
}

/** Starts an instance in a session of its own, its output going straight to its log. Throws one sentence when that cannot be. */
export function startProcess(started: Started): ChildProcess {
  const cwd = join(started.folder, started.service.directory)
  if (!existsSync(cwd)) throw new Error(`its directory ${started.service.directory} is not in the artifact`)
  const [command, ...args] = commandOf(started)
  const log = openSync(started.logFile, 'a', 0o600)
  try {
    return spawn(command, args, { cwd, detached: true, stdio: ['ignore', log, log], env: environmentOf(started) })
  } finally {
    closeSync(log)
  }
}

function commandOf({ service, cgroup }: Started): [string, ...string[]] {
  const command: [string, ...string[]] =
    service.static === undefined ? ['sh', '-c', service.run ?? 'exit 1'] : selfCommand('static', service.static)
  // It moves itself before it becomes the service, so that no process begins outside.
  return cgroup === null ? command : ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup, ...command]
}

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
