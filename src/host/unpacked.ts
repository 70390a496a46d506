import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeBlob } from '#platform/oci/blobs.ts'
import { unpack } from '#platform/oci/oci.ts'
import { isUnpacked, syncFileSystem } from '#platform/oci/unpack.ts'

/**
 * The unpacked artifacts of a host. Releases with the same artifact share its files, where no
 * service can change them: see docs/decisions/0017-shared-artifacts.md.
 */
export interface UnpackedArtifacts {
  /**
   * Returns the folder with the files of an artifact, which is unpacked once. Without sharing, and
   * for a release that has files of its own, this is `own`. Throws an OciError.
   */
  provide(artifact: { layout: string; artifact: string }, own: string): Promise<string>
  /** Deletes the shared files of an artifact unless a release uses them. */
  discard(artifact: string): Promise<void>
  /** Deletes what no release uses, such as after a crash. */
  sweep(): Promise<void>
}

export interface UnpackedOptions {
  folder: string
  /** Whether services are isolated from their files, which are read-only then. */
  isShared: boolean
  /** Identifies the time since the start of the machine; null where it is unknown. */
  boot: string | null
  /** bytes of the disk that stay free */
  keepFree: number
  isUsed(artifact: string): boolean
}

const removed = '.removed-'
/** The file beside a folder that says which loss of power it survives. */
const markerOf = (path: string): string => `${path}.trust`
const durable = 'durable'

export function openUnpacked(options: UnpackedOptions): UnpackedArtifacts {
  const { folder, isShared, keepFree, isUsed } = options
  const underway = new Map<string, Promise<void>>()
  mkdirSync(folder, { recursive: true, mode: 0o700 })

  /** Renames the folder first, so that a release that starts meanwhile never finds half of it. */
  const remove = async (name: string): Promise<void> => {
    const trash = name.startsWith(removed) ? name : `${removed}${randomBytes(6).toString('hex')}`
    rmSync(markerOf(join(folder, name)), { force: true })
    if (!existsSync(join(folder, name))) return
    if (trash !== name) renameSync(join(folder, name), join(folder, trash))
    await rm(join(folder, trash), { recursive: true, force: true })
  }

  const provideShared = async (layout: string, artifact: string): Promise<void> => {
    const target = join(folder, nameOf(artifact))
    if (existsSync(target) && isTrusted(target, options.boot)) return
    await remove(nameOf(artifact))
    const isDurable = options.boot === null
    await unpack({ layout, digest: artifact, folder: target, keepFree, durable: isDurable })
    const marker = isDurable ? durable : `${options.boot} ${randomBytes(6).toString('hex')}`
    await writeBlob(folder, markerOf(target), Buffer.from(marker))
    if (!isDurable) void makeDurable(target, marker).catch(() => undefined)
  }

  return {
    provide: async ({ layout, artifact }, own) => {
      if (!isShared || isUnpacked(own)) {
        await unpack({ layout, digest: artifact, folder: own, keepFree })
        return own
      }
      const work = underway.get(artifact) ?? provideShared(layout, artifact)
      underway.set(artifact, work)
      await work.finally(() => underway.delete(artifact))
      return join(folder, nameOf(artifact))
    },
    discard: async (artifact) => {
      if (!isUsed(artifact)) await remove(nameOf(artifact))
    },
    sweep: async () => {
      for (const name of readdirSync(folder))
        if (name.startsWith(removed) || (/^[0-9a-f]{64}$/.test(name) && !isUsed(`sha256:${name}`)))
          await remove(name)
    },
  }
}

/**
 * Files that are not synced survive everything but a loss of power, after which the machine has
 * another boot id.
 */
function isTrusted(target: string, boot: string | null): boolean {
  try {
    const marker = readFileSync(markerOf(target), 'utf8')
    return marker === durable || (boot !== null && marker.startsWith(`${boot} `))
  } catch {
    return false
  }
}

/**
 * Syncs the files while the release starts. When that fails, the next boot unpacks them again. Does
 * nothing when the folder was removed meanwhile: its marker is another one then.
 */
async function makeDurable(target: string, marker: string): Promise<void> {
  if (!(await syncFileSystem(target))) return
  const draft = `${markerOf(target)}.draft`
  const file = await open(draft, 'w')
  try {
    await file.writeFile(durable)
    await file.sync()
  } finally {
    await file.close()
  }
  if (existsSync(markerOf(target)) && readFileSync(markerOf(target), 'utf8') === marker)
    renameSync(draft, markerOf(target))
  else rmSync(draft, { force: true })
}

/** The name of the folder of an artifact, also when the digest is invalid. */
const nameOf = (artifact: string): string => artifact.replace(/^sha256:/, '').replace(/\W/g, '_')
