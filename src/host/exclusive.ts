import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { HostReleaseStatus } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import { isPortTaken } from '#platform/net/port.ts'
import type { Instance } from './instance.ts'
import { familyOf, programOf, signalAll } from './processes.ts'
import { makeData, writeServiceFiles } from './service-files.ts'
import type { ServicePlace } from './start.ts'
import type { SavedInstance } from './state.ts'

/** Identifies what a service that never runs twice at once runs with. */
interface Fingerprint {
  /** everything but its configuration files */
  base: string
  files: string
}

/**
 * The fingerprint of a service: two starts with the same one are the same. Of the artifact, only
 * the paths that the service uses count.
 */
export function fingerprintOf(service: HostService, artifact: string, folder: string): Fingerprint {
  const { run, env, directory, stop, memory, exclusive, files = [] } = service
  const uses = exclusive?.uses ?? ['.']
  const content = uses.includes('.') ? artifact : uses.map((path) => contentOf(folder, path))
  return {
    base: digest([run, env, directory, stop, memory, exclusive, content]),
    files: digest(files),
  }
}

/** What has to happen to a running service so that it runs with another fingerprint. */
export function transition(
  now: Fingerprint | undefined,
  next: Fingerprint,
  hasReload: boolean,
): 'nothing' | 'reload' | 'restart' {
  if (now === undefined || now.base !== next.base) return 'restart'
  if (now.files === next.files) return 'nothing'
  return hasReload ? 'reload' : 'restart'
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex')

/** The content below a path of the artifact; links are not followed. */
function contentOf(folder: string, path: string): string {
  const full = join(folder, path)
  if (!existsSync(full)) return 'missing'
  const stat = lstatSync(full)
  if (stat.isSymbolicLink()) return `link ${readlinkSync(full)}`
  if (!stat.isDirectory()) return `${stat.mode} ${digest(readFileSync(full).toString('base64'))}`
  const names = readdirSync(full).toSorted()
  return digest(names.map((name) => [name, contentOf(full, name)]))
}

/** The process of a service that never runs twice, in the release that has it. */
export interface Holder {
  saved: SavedInstance
  /** Ends the process, and resolves when it is dead. */
  stop(): Promise<void>
  /** Leaves the process to another release. */
  leave(): SavedInstance
}

/** `forget` removes the process from its release. */
export const holderOf = (
  saved: SavedInstance,
  instance: Pick<Instance, 'stop' | 'release'> | null,
  forget: () => void,
): Holder => ({
  saved,
  stop: async () => {
    await instance?.stop()
    forget()
  },
  leave: () => {
    instance?.release()
    forget()
    return saved
  },
})

/**
 * Why services that never run twice cannot listen on their own ports, in one sentence; null when
 * they can. It is asked before a running one is stopped.
 */
export async function busyPort(
  services: HostService[],
  claim: (service: string) => Holder | null,
): Promise<string | null> {
  const own = new Set(services.map(({ name }) => claim(name)?.saved.port))
  for (const { name, exclusive } of services) {
    const port = exclusive?.listens
    if (port === undefined || own.has(port) || !(await isPortTaken(port, '127.0.0.1'))) continue
    return `${name} cannot listen on port ${port}: something else on this machine listens there`
  }
  return null
}

/** What the start of a release did to a service that never runs twice. */
export interface Done {
  service: string
  did: 'started' | 'restarted' | 'reloaded' | 'nothing'
  /** `performance.now()` when the former process was asked to stop */
  since: number
  pauseMs: number | null
}

/**
 * Takes a service that never runs twice from the release that has it. One that is the same runs on,
 * one that can read its files again is asked to, and any other is dead before this returns. Returns
 * what was done, and the process that runs on or a place for a new one.
 */
export async function takeOver(
  place: ServicePlace,
  holder: Holder | null,
  fresh: SavedInstance,
): Promise<{ done: Done; saved: SavedInstance }> {
  const { service, release, folder } = place
  const next = fingerprintOf(service, release.artifact, folder)
  const reload = service.exclusive?.reload
  const how = transition(holder?.saved.fingerprint, next, reload !== undefined)
  const since = performance.now()
  if (holder && how === 'restart') await holder.stop()
  const runsOn = holder !== null && how !== 'restart' ? holder.leave() : null
  await writeServiceFiles(place)
  if (service.exclusive?.keeps) await makeData(place, place.dataFolder)
  if (runsOn && how === 'reload') askToReload(runsOn, reload as NodeJS.Signals)
  const saved = runsOn ?? { ...fresh, artifact: release.artifact }
  const words = { nothing: 'nothing', reload: 'reloaded', restart: 'restarted' } as const
  const did = holder === null ? 'started' : words[how]
  const pauseMs = runsOn ? 0 : null
  return {
    done: { service: service.name, did, since, pauseMs },
    saved: { ...saved, fingerprint: next },
  }
}

function askToReload({ pid, startTime, marker }: SavedInstance, signal: NodeJS.Signals): void {
  const family = familyOf({ pid: pid ?? 0, startTime, marker })
  // The helpers that isolate it would end.
  signalAll(
    family.filter((one) => programOf(one) !== 'bwrap'),
    signal,
  )
}

/** Sets how long clients waited for the services that are healthy now. */
export function measurePauses(
  done: Done[],
  instances: Pick<Instance, 'isHealthy' | 'saved'>[],
): void {
  for (const one of done)
    if (instances.some(({ isHealthy, saved }) => isHealthy && saved.service === one.service))
      one.pauseMs ??= Math.round(performance.now() - one.since)
}

/** What was done, as a part of the status of a release. */
export const reportOf = (done: Done[]): Pick<HostReleaseStatus, 'exclusive'> =>
  done.length === 0
    ? {}
    : { exclusive: done.map(({ service, did, pauseMs }) => ({ service, did, pauseMs })) }
