import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import type { CommandEnd } from '#platform/monitor/monitor-kind.ts'
import { maskOf } from './log-file.ts'
import { startTimeOf } from './processes.ts'
import type { Machine } from './machine.ts'
import type { Release } from './release.ts'
import { ReleaseFolders } from './release-folders.ts'
import { type ServicePlace, startCommand } from './start.ts'
import { killFamily } from './terminate.ts'

/** A service of a release, and the logs of its instances. */
export interface ReleasePlace extends ServicePlace {
  machine: Machine
  logFiles: string[]
}

/** The place of a service, by default the first one; null while its files are not there. */
export function monitorPlace(
  { spec, files }: Pick<Release, 'spec' | 'files'>,
  name: string | null,
  { folder, machine }: { folder: string; machine: Machine },
): ReleasePlace | null {
  const { services } = spec
  const service = name === null ? services[0] : services.find((one) => one.name === name)
  if (files === '' || service === undefined) return null
  const folders = new ReleaseFolders(folder, spec)
  return {
    ...folders.placeOf({ ...service, static: undefined }, files, machine),
    machine,
    tmpFolder: folders.tmpOf(service, 'monitor'),
    logFiles: folders.logsOf(service),
  }
}

/** The place of a service with a command, by default the first one; throws when there is none. */
export function commandPlace(
  release: Pick<Release, 'spec' | 'files'>,
  name: string | null,
  options: { folder: string; machine: Machine },
): ReleasePlace {
  const { app, services } = release.spec
  const first = services.find(({ run }) => run !== undefined)?.name ?? null
  const place = monitorPlace(release, name ?? first, options)
  if (place?.service.run === undefined && release.files !== '')
    throw new FairleadError('not_found', { kind: 'service with a command', id: name ?? app })
  // The files of an adopted release are there a moment later.
  if (place === null) throw new FairleadError('unavailable', { what: 'The host' })
  return place
}

const maxBytes = 64 * 1024

/** Runs a command in the files of a release, isolated as its services. Never rejects. */
export async function runCommand(
  place: ReleasePlace,
  command: string,
  signal: AbortSignal,
): Promise<CommandEnd> {
  const { machine, release, service, tmpFolder } = place
  const { app, environment, release: number } = release
  const marker = [
    ...[machine.id, app, environment, number, service.name],
    `monitor/${randomBytes(8).toString('hex')}`,
  ].join('/')
  try {
    mkdirSync(tmpFolder, { recursive: true, mode: 0o700 })
    chmodSync(tmpFolder, 0o1777)
    const child = startCommand(
      {
        ...{ release, service, tmpFolder, marker },
        ...{ folder: place.folder, dataFolder: place.dataFolder, configFolder: place.configFolder },
        ...{ index: 0, port: null, cgroup: null, logFile: '' },
        metricsFile: join(tmpFolder, 'metrics.prom'),
        ...{ path: machine.path, isolation: machine.isolation, switches: place.switches },
      },
      command,
    )
    const origin = {
      ...{ pid: child.pid ?? 0, marker },
      startTime: child.pid === undefined ? null : startTimeOf(child.pid),
    }
    const kill = (): void => void killFamily(origin)
    signal.addEventListener('abort', kill, { once: true })
    const chunks: Buffer[] = []
    let size = 0
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        if (size < maxBytes) chunks.push(chunk)
        size += chunk.length
      })
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null))
      child.once('close', (exit) => resolve(exit))
    })
    signal.removeEventListener('abort', kill)
    const text = Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8')
    return { code, output: maskOf(service).apply(text).split('\n') }
  } catch (error) {
    return { code: 3, output: [(error as Error).message] }
  }
}
