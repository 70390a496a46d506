import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { OciError } from '#platform/oci/layout.ts'
import { unpack } from '#platform/oci/oci.ts'
import type { ReleaseSpec, TargetIo } from './target.ts'
import { releaseFolder, removeOlderDrafts, syncFolder } from './published-folder.ts'

/**
 * Unpacks a release unless it is there; returns why it cannot be published, or null. `admitAgain`
 * throws if a newer server took over meanwhile.
 */
export async function publish(
  folder: string,
  release: ReleaseSpec,
  io: TargetIo,
  admitAgain: () => unknown,
): Promise<string | null> {
  const destination = releaseFolder(folder, release.release)
  if (existsSync(destination)) return null
  const { deployment, epoch } = release.fence
  removeOlderDrafts(folder, release)
  const draft = mkdtempSync(join(folder, `.unpacked-${release.release}-${deployment}-${epoch}-`))
  try {
    const prepared = await prepareSite(draft, release, io)
    if ('problem' in prepared) return prepared.problem
    admitAgain()
    mkdirSync(join(folder, 'releases'), { recursive: true })
    renameUnlessThere(prepared.site, destination)
    syncFolder(join(folder, 'releases'))
    return null
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Milliseconds after which no start can still use a draft. */
const oldDraftMs = 24 * 3_600_000

/**
 * Unpacks the folder of the `static` service of a release for a target on another machine, and
 * deletes it after the work. Returns why it cannot be published, or what the work returns.
 */
export async function withSite(
  release: ReleaseSpec,
  io: TargetIo,
  work: (site: string) => Promise<string | null>,
): Promise<string | null> {
  const drafts = join(dirname(io.artifacts), 'drafts')
  mkdirSync(drafts, { recursive: true })
  // A start that was killed leaves its draft behind.
  for (const name of readdirSync(drafts)) {
    const path = join(drafts, name)
    const { mtimeMs = Infinity } = statSync(path, { throwIfNoEntry: false }) ?? {}
    if (io.clock.now() - mtimeMs > oldDraftMs) rmSync(path, { recursive: true, force: true })
  }
  const draft = mkdtempSync(join(drafts, 'site-'))
  try {
    const prepared = await prepareSite(draft, release, io)
    return 'problem' in prepared ? prepared.problem : await work(prepared.site)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/**
 * Unpacks the folder of the `static` service of a release below `draft`. Returns its path, or why
 * it cannot be published.
 */
async function prepareSite(
  draft: string,
  release: ReleaseSpec,
  io: TargetIo,
): Promise<{ site: string } | { problem: string }> {
  const [service, ...others] = release.services
  if (service?.static === undefined || others.length > 0)
    return { problem: 'the target publishes exactly one service with `static`' }
  const unpacked = join(draft, 'artifact')
  try {
    await unpack({
      ...{ layout: io.artifacts, digest: release.artifact, folder: unpacked },
      ...{ durable: true, keepFree: io.keepFree },
    })
  } catch (error) {
    if (error instanceof OciError) return { problem: error.message }
    throw error
  }
  const path = join(service.directory, service.static)
  const found = findSite(unpacked, path)
  if ('problem' in found) return found
  // Links are checked under a name that nobody knows, so that none passes because of its place.
  const site = join(draft, randomBytes(16).toString('hex'))
  renameSync(found.path, site)
  const problem = linkProblem(site, path)
  return problem === null ? { site } : { problem }
}

/** Another start of the same release may have published it meanwhile. */
function renameUnlessThere(path: string, destination: string): void {
  try {
    renameSync(path, destination)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** The real path of the folder in an unpacked artifact. */
function findSite(unpacked: string, name: string): { path: string } | { problem: string } {
  const site = join(unpacked, name)
  if (!existsSync(site) || !isInside(realpathSync.native(unpacked), realpathSync.native(site)))
    return { problem: `the artifact has no folder \`${name}\`` }
  const path = realpathSync.native(site)
  if (!lstatSync(path).isDirectory())
    return { problem: `\`${name}\` of the artifact is not a folder` }
  return { path }
}

/** A web server follows links, so every link must end inside the published folder. */
function linkProblem(site: string, name: string): string | null {
  const top = realpathSync.native(site)
  const entries = readdirSync(top, { recursive: true, withFileTypes: true })
  if (!entries.some((entry) => entry.isFile())) return `the folder \`${name}\` has no files`
  const link = entries
    .filter((entry) => entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .find((path) => !existsSync(path) || !isInside(top, realpathSync.native(path)))
  if (link === undefined) return null
  return `the link \`${relative(top, link)}\` does not end inside the folder \`${name}\``
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}
