import type { ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { HostRelease, HostService } from '#contract/host/host.ts'
import { accountName, writeAccount } from '#platform/process/account.ts'
import { startApp } from '#platform/process/app-command.ts'
import {
  confine,
  type Confinement,
  type Isolation,
  unconfined,
  userOf,
} from '#platform/process/isolation.ts'
import { joinCgroup } from '#platform/process/memory-limit.ts'
import { selfCommand, selfReadable } from '#platform/self.ts'
import { openSite } from './site.ts'

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
  // Fails with one sentence when the artifact has no such folder.
  if (started.service.static !== undefined) openSite(started.folder, siteOf(started.service))
  const { helpers, filter } = confinedBy(started)
  const log = openSync(started.logFile, 'a', 0o600)
  try {
    const isOurs = started.service.static !== undefined
    return startApp({
      helpers: [...joinCgroup(started.cgroup), ...helpers],
      filter,
      command: commandOf(started),
      env: environmentOf(started),
      marker: { FAIRLEAD_PROCESS: started.marker },
      cwd: isConfined(started) || isOurs ? '/' : cwd,
      output: [log, log],
    })
  } finally {
    closeSync(log)
  }
}

/** Returns whether the instance is isolated. */
export const isConfined = ({ isolation }: Pick<Started, 'isolation'>): boolean =>
  isolation.kind === 'confined'

/** The path of static files in the artifact. */
const siteOf = ({ directory, static: folder = '.' }: HostService): string => join(directory, folder)

function confinedBy({
  isolation,
  service,
  release,
  folder,
  dataFolder,
  tmpFolder,
}: Started): Confinement {
  if (isolation.kind === 'none') return unconfined
  const isOurs = service.static !== undefined
  const user = userOf(release.app, 'services')
  const account = { user, home: dataFolder, place: tmpFolder }
  return confine(isolation.tools, isolation.policy, {
    user,
    account: writeAccount(isolation.tools, account),
    // It outlives the host, and the next host adopts it.
    isBound: false,
    cwd: isOurs ? '/' : join(folder, service.directory),
    readable: isOurs ? [folder, ...selfReadable] : [folder],
    writable: [dataFolder, tmpFolder],
    tmp: tmpFolder,
    network: true,
  })
}

const commandOf = ({ service, folder }: Started): [string, ...string[]] =>
  service.static === undefined
    ? ['/bin/sh', '-c', service.run ?? 'exit 1']
    : selfCommand('static', folder, siteOf(service))

function environmentOf({
  release,
  service,
  index,
  port,
  dataFolder,
  metricsFile,
  path,
  isolation,
}: Started): Record<string, string> {
  const name = accountName(isolation)
  const address = { ...(port === null ? {} : { PORT: String(port) }), HOST: '127.0.0.1' }
  // Our own program must not obey variables of the app, such as NODE_OPTIONS.
  if (service.static !== undefined) return { LANG: 'C.UTF-8', ...address }
  return {
    PATH: path,
    HOME: dataFolder,
    ...(name === null ? {} : { USER: name, LOGNAME: name }),
    LANG: 'C.UTF-8',
    ...release.env,
    ...service.env,
    ...address,
    FAIRLEAD_APP: release.app,
    FAIRLEAD_ENVIRONMENT: release.environment,
    FAIRLEAD_RELEASE: String(release.release),
    FAIRLEAD_SERVICE: service.name,
    FAIRLEAD_INSTANCE: String(index),
    FAIRLEAD_DATA_DIR: dataFolder,
    FAIRLEAD_METRICS_FILE: metricsFile,
  }
}
