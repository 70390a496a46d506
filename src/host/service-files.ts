import { mkdirSync, rmSync, statSync } from 'node:fs'
import { chownTree, type Isolation, userOf } from '#platform/process/isolation.ts'
import { writeFiles } from './configuration-files.ts'
import { checkFiles } from './file-check.ts'
import { makeTmp } from './instance-process.ts'
import type { ServicePlace } from './start.ts'

/** The user of the services of an app; null for the user of the host. */
const userOfServices = (isolation: Isolation, app: string): number | null =>
  isolation.kind === 'none' || isolation.tools.setpriv === null ? null : userOf(app, 'services')

/**
 * Checks the files of services that do not run yet, and writes those of services that may run
 * twice. Returns the problem in one sentence, or null.
 */
export async function provideFiles(
  places: ServicePlace[],
  logFile: (service: string) => string,
): Promise<string | null> {
  for (const place of places) {
    const { service } = place
    if ((service.files ?? []).length === 0) continue
    // The process that runs may read its files at any moment.
    const configFolder = service.exclusive ? `${place.configFolder}.next` : place.configFolder
    try {
      await writeServiceFiles({ ...place, configFolder })
      makeTmp(place.tmpFolder)
      const problem = await checkFiles({ ...place, configFolder }, logFile(service.name))
      if (problem !== null) return problem
    } catch (error) {
      return `its configuration files cannot be written: ${(error as Error).message}`
    } finally {
      if (service.exclusive) rmSync(configFolder, { recursive: true, force: true })
    }
  }
  return null
}

export async function writeServiceFiles({
  isolation,
  release,
  service,
  configFolder,
}: ServicePlace): Promise<void> {
  const { files = [] } = service
  const owner = userOfServices(isolation, release.app)
  if (files.length > 0 || service.exclusive) await writeFiles(configFolder, files, owner)
}

/**
 * Makes a folder of data, for the user of the services; also one that another user wrote. That of
 * containers gets its user at their start.
 */
export async function makeData(
  { isolation, release }: Pick<ServicePlace, 'isolation' | 'release'>,
  folder: string,
): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const hasContainers = release.services.some(({ container }) => container !== undefined)
  const user = hasContainers ? null : userOfServices(isolation, release.app)
  if (user !== null && statSync(folder).uid !== user) await chownTree(user, folder)
}
