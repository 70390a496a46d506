import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import type { HostRelease } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import type { Machine } from './machine.ts'
import { type ServicePlace, switchesOf } from './start.ts'
import type { SavedInstance } from './state.ts'

type Kind = 'releases' | 'log' | 'tmp' | 'files' | 'before'

/** The folders that a command uses, which may run longer than its release. */
const commandKinds = ['releases', 'files'] as const satisfies Kind[]

/** The folders of a release and its services below the folder of the host. */
export class ReleaseFolders {
  readonly #root: string
  readonly #spec: HostRelease

  constructor(root: string, spec: HostRelease) {
    this.#root = root
    this.#spec = spec
  }

  path(kind: Kind): string {
    const { app, environment, release } = this.#spec
    return join(this.#root, kind, app, environment, String(release))
  }

  /** The data of the environment, which outlives its releases. */
  get data(): string {
    return join(this.#root, 'data', this.#spec.app, this.#spec.environment)
  }

  dataOf({ name, exclusive }: HostService): string {
    return exclusive?.keeps ? join(this.data, name) : this.data
  }

  /** A service that never runs twice keeps its folder, so that it can read its files again. */
  configOf({ name, exclusive }: HostService): string {
    const { app, environment } = this.#spec
    return exclusive
      ? join(this.#root, 'files', app, environment, 'exclusive', name)
      : join(this.path('files'), name)
  }

  /** The process of a service that never runs twice goes on from one release to the next. */
  logOf({ name, exclusive }: HostService, index: number): string {
    const { app, environment } = this.#spec
    const folder = exclusive
      ? join(this.#root, 'log', app, environment, 'exclusive')
      : this.path('log')
    return join(folder, `${name}.${index}.log`)
  }

  /** The logs of a service, also those of instances that it has or had beyond its own number. */
  logsOf(service: HostService): string[] {
    const files: string[] = []
    for (let index = 0; ; index += 1) {
      const file = this.logOf(service, index)
      if (index >= service.instances && !existsSync(file)) return files
      files.push(file)
    }
  }

  /** The output of the command that runs before the services. */
  get beforeLog(): string {
    return join(this.path('log'), 'before.log')
  }

  /** Every folder with logs. */
  logs(): string[] {
    const { services } = this.#spec
    return [this.path('log'), ...services.map((service) => dirname(this.logOf(service, 0)))]
  }

  tmpOf({ name, exclusive }: HostService, what: number | string): string {
    const { app, environment } = this.#spec
    const folder = exclusive
      ? join(this.#root, 'tmp', app, environment, 'exclusive')
      : this.path('tmp')
    return join(folder, `${name}.${what}`)
  }

  /** Deletes its folders except logs. Files that a command uses are deleted when it ends. */
  async remove(isInUse: () => boolean): Promise<void> {
    for (const kind of ['tmp', 'before'] as const) await removeFolder(this.path(kind))
    if (!isInUse()) await removeCommandFolders(this.#root, this.#spec)
  }

  /** The folders of a service, with the /tmp of its checks. `files` are those of the artifact. */
  placeOf(service: HostService, files: string, machine: Machine): ServicePlace {
    const { path, isolation } = machine
    return {
      ...{ release: this.#spec, service, folder: files, path, isolation },
      dataFolder: this.dataOf(service),
      configFolder: this.configOf(service),
      tmpFolder: this.tmpOf(service, 'check'),
      switches: switchesOf(machine, this.#spec),
    }
  }
}

/** What a rehearsal of a service needs. Throws when the release does not have the service. */
export function rehearsablePlace(
  name: string,
  release: HostRelease,
  folder: string,
  folders: ReleaseFolders,
  instances: readonly SavedInstance[],
) {
  const service = release.services.find((one) => one.name === name)
  if (!service) throw new FairleadError('not_found', { kind: 'service', id: name })
  const saved = instances.find((one) => one.service === name && one.index === 0 && one.pid !== null)
  return {
    ...{ release, service, folder },
    dataFolder: folders.dataOf(service),
    configFolder: folders.configOf(service),
    live: saved ? { ...saved, pid: saved.pid ?? 0 } : null,
  }
}

/** Deletes the folders of a release that a command uses. */
export async function removeCommandFolders(
  root: string,
  { app, environment, release }: Pick<HostRelease, 'app' | 'environment' | 'release'>,
): Promise<void> {
  for (const kind of commandKinds)
    await removeFolder(join(root, kind, app, environment, String(release)))
}

const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })
