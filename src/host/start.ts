import type { ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { HostRelease } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import type { Terminal } from '#contract/job/job.ts'
import { accountName, writeAccount } from '#platform/process/account.ts'
import { type AppCommand, startApp } from '#platform/process/app-command.ts'
import {
  confine,
  type Confinement,
  type Isolation,
  unconfined,
  userOf,
} from '#platform/process/isolation.ts'
import { findProgram, systemPath } from '#platform/process/program.ts'
import { joinCgroup } from '#platform/process/memory-limit.ts'
import { selfCommand, selfReadable } from '#platform/self.ts'
import { changeVariables } from './fault/change.ts'
import { type ChangedStart, faultVariable, unlessUndone } from './fault/changed-start.ts'
import type { Machine } from './machine.ts'
import { inTerminal } from './command/pseudo-terminal.ts'
import { openSite } from './site.ts'
import type { SwitchPlace } from './switches/place.ts'

/** A service and its folders. */
export interface ServicePlace {
  release: HostRelease
  service: HostService
  /** The unpacked artifact. */
  folder: string
  dataFolder: string
  /** The rendered configuration files. */
  configFolder: string
  /** Its /tmp, empty at the start. */
  tmpFolder: string
  /** The PATH for a service that sets none. */
  path: string
  isolation: Isolation
  /** Absent when the release has no switches. */
  switches?: SwitchPlace | undefined
}

export interface Started extends ServicePlace {
  index: number
  port: number | null
  /** Unique for this start, in the environment of all its processes. */
  marker: string
  logFile: string
  /** Inside that folder: the file where a service without a port can write its metrics. */
  metricsFile: string
  /** The cgroup to run in. */
  cgroup: string | null
  /** The fault that changes its variables. */
  fault?: ChangedStart | undefined
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
  const { dataFolder, tmpFolder } = started
  // It outlives the host, and the next host adopts it.
  const how = { isBound: false, writable: [dataFolder, tmpFolder] }
  const { helpers, filter } = isolate(started, how)
  const log = openSync(started.logFile, 'a', 0o600)
  try {
    const isOurs = started.service.static !== undefined
    return startApp({
      helpers: [
        ...unlessUndone(started.fault),
        ...[...joinCgroup(started.cgroup), ...lockOf(started), ...helpers],
      ],
      filter,
      command: commandOf(started),
      ...variablesOf(started),
      cwd: isConfined(started) || isOurs ? '/' : cwd,
      output: [log, log],
    })
  } finally {
    closeSync(log)
  }
}

/** The exit code of a service whose lock another process holds. */
export const lockedExit = 75

/** The variables of an instance, and those that identify its processes. */
function variablesOf(started: Started): Pick<AppCommand, 'env' | 'marker'> {
  const { fault, marker } = started
  const env = environmentOf(started)
  if (!fault) return { env, marker: { FAIRLEAD_PROCESS: marker } }
  return {
    env: changeVariables(env, fault.change, Math.random),
    marker: { FAIRLEAD_PROCESS: marker, [faultVariable]: fault.marker },
  }
}

/**
 * A service that never runs twice holds a lock as long as one of its processes lives, also after
 * the death of the host. See flock(1).
 */
function lockOf({ service, configFolder }: Started): string[] {
  const program = service.exclusive && findProgram('flock', systemPath)
  return program ? [program, '-F', '-n', '-E', String(lockedExit), `${configFolder}.lock`] : []
}

/**
 * Starts the command that runs once for a release. It outlives the host. Its exit code is written
 * to `codeFile`, outside of the isolation and of the memory limit; `lockFile` is locked as long as
 * one of its processes lives.
 */
export function startBefore(
  started: Started,
  command: string,
  { codeFile, lockFile }: { codeFile: string; lockFile: string },
): ChildProcess {
  const { dataFolder, tmpFolder } = started
  const { helpers, filter } = isolate(started, {
    isBound: false,
    writable: [dataFolder, tmpFolder],
  })
  const flock = findProgram('flock', systemPath)
  const lock = flock ? [flock, '-F', '-n', '-E', String(lockedExit), lockFile] : []
  const record = 'file=$1; shift; "$@"; echo $? >"$file.new" && mv "$file.new" "$file"'
  const recorder = ['/bin/sh', '-c', record, 'before', codeFile]
  const log = openSync(started.logFile, 'a', 0o600)
  try {
    return startApp({
      helpers: [...lock, ...recorder, ...joinCgroup(started.cgroup), ...helpers],
      filter,
      command: ['/bin/sh', '-c', command],
      env: environmentOf(started),
      marker: { FAIRLEAD_PROCESS: started.marker },
      cwd: isConfined(started) ? '/' : join(started.folder, started.service.directory),
      output: [log, log],
      folder: dirname(codeFile),
    })
  } finally {
    closeSync(log)
  }
}

/** Starts a command of `sh` beside the instances, with their files, variables and isolation. */
export function startCommand(started: Started, command: string): ChildProcess {
  const { dataFolder, tmpFolder } = started
  const how = { isBound: true, writable: [dataFolder, tmpFolder] }
  const { helpers, filter } = isolate(started, how)
  return startApp({
    ...{ helpers, filter },
    command: ['/bin/sh', '-c', command],
    env: environmentOf(started),
    marker: { FAIRLEAD_PROCESS: started.marker },
    cwd: isConfined(started) ? '/' : join(started.folder, started.service.directory),
    output: ['pipe', 'pipe'],
  })
}

/** Runs the words after the first one, and writes their exit code to the file of that name. */
const recorder =
  'trap : HUP INT TERM; file=$1; shift; "$@"; code=$?; ' +
  'echo $code >"$file.draft" && mv "$file.draft" "$file"; exit $code'

/**
 * Starts a command of `sh` in a session of its own, which outlives the host. Its output goes
 * directly to its log, or with a terminal to a pipe, and its exit code to a file that it cannot
 * write itself.
 */
export function startRecorded(
  started: Started,
  command: string,
  { exitFile, terminal }: { exitFile: string; terminal: Terminal | undefined },
): ChildProcess {
  const cwd = join(started.folder, started.service.directory)
  if (!existsSync(cwd))
    throw new Error(`the directory ${started.service.directory} is not in the artifact`)
  const { dataFolder, tmpFolder } = started
  const { helpers, filter } = isolate(started, {
    ...{ isBound: false, writable: [dataFolder, tmpFolder] },
  })
  const env = environmentOf(started)
  const log = openSync(started.logFile, 'a', 0o600)
  try {
    return startApp({
      helpers: ['/bin/sh', '-c', recorder, 'recorder', exitFile, ...helpers],
      filter,
      command: terminal ? inTerminal(command, terminal) : ['/bin/sh', '-c', command],
      env: terminal ? { ...env, TERM: terminal.type, SHELL: '/bin/sh' } : env,
      marker: { FAIRLEAD_PROCESS: started.marker },
      cwd: isConfined(started) ? '/' : cwd,
      output: terminal ? ['pipe', 'pipe'] : [log, log],
      hasInput: terminal !== undefined,
      folder: dirname(exitFile),
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

/** How a command of a service is confined. */
export function isolate(
  place: ServicePlace,
  how: { isBound: boolean; writable: string[] },
): Confinement {
  const { isolation, service, release, folder, dataFolder, configFolder, tmpFolder } = place
  if (isolation.kind === 'none') return unconfined
  const shown = place.switches ? [place.switches.folder] : []
  const isOurs = service.static !== undefined
  const user = userOf(release.app, 'services')
  const account = { user, home: dataFolder, place: tmpFolder }
  return confine(isolation.tools, isolation.policy, {
    user,
    account: writeAccount(isolation.tools, account),
    ...how,
    cwd: isOurs ? '/' : join(folder, service.directory),
    readable: isOurs ? [folder, ...selfReadable] : [folder, configFolder, ...shown],
    tmp: tmpFolder,
    network: true,
  })
}

export const commandOf = ({
  service,
  folder,
}: Pick<Started, 'service' | 'folder'>): [string, ...string[]] =>
  service.static === undefined
    ? ['/bin/sh', '-c', service.run ?? 'exit 1']
    : selfCommand('static', folder, siteOf(service))

/** The variables of a service; of an instance, with its number and port. */
export function environmentOf({
  release,
  service,
  index = 0,
  port = null,
  dataFolder,
  configFolder,
  metricsFile,
  path,
  isolation,
  switches,
}: Omit<ServicePlace, 'folder' | 'tmpFolder'> &
  Partial<Pick<Started, 'index' | 'port' | 'metricsFile'>>): Record<string, string> {
  const name = accountName(isolation)
  const address = { ...(port === null ? {} : { PORT: String(port) }), HOST: '127.0.0.1' }
  // Our own program must not obey variables of the app, such as NODE_OPTIONS.
  if (service.static !== undefined) return { LANG: 'C.UTF-8', ...address }
  return {
    PATH: path,
    HOME: dataFolder,
    ...(name === null ? {} : { USER: name, LOGNAME: name }),
    LANG: 'C.UTF-8',
    // The name of a server for SDKs of Sentry.
    SENTRY_NAME: service.name,
    ...switches?.sdk,
    ...release.env,
    ...service.env,
    ...address,
    FAIRLEAD_APP: release.app,
    FAIRLEAD_ENVIRONMENT: release.environment,
    FAIRLEAD_RELEASE: String(release.release),
    FAIRLEAD_SERVICE: service.name,
    FAIRLEAD_INSTANCE: String(index),
    FAIRLEAD_DATA_DIR: dataFolder,
    FAIRLEAD_CONFIG_DIR: configFolder,
    ...(switches === undefined ? {} : { FAIRLEAD_SWITCHES: switches.file }),
    ...(metricsFile === undefined ? {} : { FAIRLEAD_METRICS_FILE: metricsFile }),
  }
}

/** Where the services of a release read their switches; undefined when it has none. */
export const switchesOf = (
  machine: Machine,
  { app, environment, switches = {} }: HostRelease,
): SwitchPlace | undefined =>
  Object.keys(switches).length === 0 ? undefined : machine.switches?.(app, environment)
