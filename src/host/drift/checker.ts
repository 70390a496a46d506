import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { type DriftReport, driftReport } from '#contract/drift/drift.ts'
import type { DriftFile, DriftRepair } from '#contract/drift/host.ts'
import { FairleadError } from '#contract/errors.ts'
import type { HostRelease } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import { readFileSync } from 'node:fs'
import { openInside } from '#platform/file/inside.ts'
import { helperEnvironment } from '#platform/process/program.ts'
import { selfCommand } from '#platform/self.ts'
import type { Machine } from '../machine.ts'
import type { Release } from '../release.ts'
import { ReleaseFolders } from '../release-folders.ts'
import { writeServiceFiles } from '../service-files.ts'
import { switchesOf } from '../start.ts'
import type { DriftPlan } from './plan.ts'
import { rewriteEntry } from './rewrite.ts'

/** Milliseconds that a comparison may take. */
const mostMs = 240_000
/** Bytes of a configuration file that is shown. */
const mostBytes = 1_000_000

/** A live release, and where it is. */
interface Place {
  release: Release
  /** the folder of the host */
  root: string
  machine: Machine
}

/** Finds drift, one environment after another, each in a process of its own. */
export class DriftChecker {
  #last: Promise<unknown> = Promise.resolve()

  find(place: Place, declared: HostRelease): Promise<DriftReport> {
    const next = this.#last.then(() => perform(planOf(place, declared)))
    this.#last = next.catch(() => undefined)
    return next
  }

  /** Writes a file again as it is declared. Throws when it is not one of the release. */
  async repair(place: Place, { declared, kind, service, name }: DriftRepair): Promise<void> {
    if (kind === 'artifact') {
      const { layout, artifact } = place.release.spec
      return rewriteEntry({ layout, artifact, folder: filesOf(place), name })
    }
    const wanted = serviceOf(declared, service ?? '')
    await writeServiceFiles(foldersOf(place).placeOf(wanted, filesOf(place), place.machine))
  }

  /** The text of a configuration file on disk. */
  read(place: Place, { service, name }: DriftFile): string {
    const folder = foldersOf(place).configOf(serviceOf(place.release.spec, service))
    const content = readFileSync(openInside(folder, name))
    if (content.length > mostBytes)
      throw new FairleadError('too_large', { what: `The file ${name}`, limit: '1 MB' })
    return content.toString('utf8')
  }
}

const foldersOf = ({ root, release }: Place): ReleaseFolders =>
  new ReleaseFolders(root, release.spec)

function filesOf({ release }: Place): string {
  if (release.files !== '') return release.files
  throw new FairleadError('not_now', { why: `Release ${release.number} is not unpacked yet` })
}

function serviceOf({ services }: HostRelease, name: string): HostService {
  const service = services.find((one) => one.name === name)
  if (!service) throw new FairleadError('not_found', { kind: 'service', id: name })
  return service
}

function planOf(place: Place, declared: HostRelease): DriftPlan {
  const { release, machine } = place
  const folders = foldersOf(place)
  const { instances } = release.actual()
  return {
    ...{ declared, stored: release.spec, folder: filesOf(place) },
    services: release.spec.services.map((service) => ({
      name: service.name,
      dataFolder: folders.dataOf(service),
      configFolder: folders.configOf(service),
      instances: instances.flatMap(({ service: of, pid, ...one }) =>
        of === service.name && pid !== null ? [{ ...one, pid }] : [],
      ),
    })),
    ...{ isolation: machine.isolation, path: machine.path },
    switches: switchesOf(machine, release.spec),
  }
}

async function perform(plan: DriftPlan): Promise<DriftReport> {
  const [node, ...args] = selfCommand('drift-reader')
  const env = { ...helperEnvironment(), HOME: '/' }
  const child = spawn(node, args, { cwd: '/', env, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => undefined)
  // The input stays open: its end tells the process that this host is gone.
  child.stdin.write(`${JSON.stringify(plan)}\n`)
  const timer = setTimeout(() => child.kill('SIGKILL'), mostMs)
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve()).once('exit', () => resolve())
  })
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  clearTimeout(timer)
  try {
    return driftReport.parse(JSON.parse(output))
  } catch {
    const reference = errors.trim().split('\n').at(-1) || 'the comparison was ended'
    throw new FairleadError('internal', { reference: reference.slice(0, 300) })
  }
}
