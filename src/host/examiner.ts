import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import type { DriftReport } from '#contract/drift/drift.ts'
import type { DriftFile, DriftRepair, DriftRequest } from '#contract/drift/host.ts'
import type { HostRelease } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import type { RehearsalRequest } from '#contract/rehearsal/host.ts'
import type { RehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import { DriftChecker } from './drift/checker.ts'
import type { Machine } from './machine.ts'
import { Rehearser } from './rehearsal/rehearser.ts'
import { ReleaseFolders } from './release-folders.ts'
import type { Release } from './release.ts'
import type { UnpackedArtifacts } from './unpacked.ts'

export interface ExaminerOptions {
  /** The folder of the host. */
  folder: string
  machine: Machine
  artifacts: UnpackedArtifacts
  /** The release with the traffic of an environment. */
  live(app: string, environment: string): Release | undefined
}

/** Rehearses the services of live releases, and compares these with what is declared. */
export class Examiner {
  readonly #options: ExaminerOptions
  readonly #rehearser: Rehearser
  readonly #drift = new DriftChecker()

  constructor(options: ExaminerOptions) {
    this.#options = options
    this.#rehearser = new Rehearser(join(options.folder, 'rehearsal'), options.machine)
  }

  /** Deletes what the rehearsals of a previous host left behind. */
  sweep(): void {
    this.#rehearser.sweep()
  }

  stop(): void {
    this.#rehearser.stop()
  }

  /** Rehearses a service as it would start again, or the one of a release that has not started. */
  async rehearse(
    app: string,
    name: string,
    { service, release, after }: RehearsalRequest,
  ): Promise<RehearsalReport> {
    const now = this.#live(app, name).rehearsable(service)
    const other = release ?? after?.release
    if (!other) return this.#rehearser.run(now)
    const next = release?.services.find((one) => one.name === service)
    if (release && !next) throw new FairleadError('not_found', { kind: 'service', id: service })
    const { folder: root, artifacts } = this.#options
    const path = join(root, 'releases', app, name, String(other.release))
    const folder = await artifacts.provide(other, path)
    const asked = next ? { ...now, ...placeOfNext(root, other, next), folder } : now
    try {
      return await this.#rehearser.run(asked, after && { ...after, folder })
    } finally {
      await artifacts.discard(other.artifact)
    }
  }

  async findDrift(app: string, name: string, { declared }: DriftRequest): Promise<DriftReport> {
    return this.#drift.find(this.#place(app, name), declared)
  }

  async repairDrift(app: string, name: string, repair: DriftRepair): Promise<void> {
    await this.#drift.repair(this.#place(app, name), repair)
  }

  driftFile(app: string, name: string, file: DriftFile): string {
    return this.#drift.read(this.#place(app, name), file)
  }

  #place(app: string, name: string) {
    const { folder: root, machine } = this.#options
    return { release: this.#live(app, name), root, machine }
  }

  #live(app: string, name: string): Release {
    const release = this.#options.live(app, name)
    if (!release) throw new FairleadError('not_now', { why: 'No release is live here' })
    return release
  }
}

/** Where a service of a release that has not started would run. */
function placeOfNext(root: string, release: HostRelease, service: HostService) {
  const folders = new ReleaseFolders(root, release)
  return {
    ...{ release, service, isNext: true },
    dataFolder: folders.dataOf(service),
    configFolder: folders.configOf(service),
  }
}
