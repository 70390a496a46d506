import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

/** An artifact or its layout is invalid; the message is one sentence. */
export class OciError extends Error {
  override name = 'OciError'
}

/** The files to pack are invalid; packing them again fails again. */
export class ContentProblem extends OciError {
  override name = 'ContentProblem'
}

export interface Descriptor {
  mediaType: string
  digest: string
  size: number
  annotations?: Record<string, string>
}

export interface Manifest {
  schemaVersion: 2
  mediaType: string
  config: Descriptor
  layers: Descriptor[]
}

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+zstd',
}

const digestPattern: RegExp = /^sha256:[0-9a-f]{64}$/

export function blobPath(layout: string, digest: string): string {
  if (!digestPattern.test(digest))
    throw new OciError(`"${digest}" is not a digest such as sha256:… with 64 hexadecimal digits`)
  return join(layout, 'blobs', 'sha256', digest.slice(7))
}

/**
 * One small file per manifest, beside the blobs. These files are the content of the layout, and
 * index.json is derived from them, so that several packing processes need no lock: see
 * `writeIndex`.
 */
const entriesFolder = (layout: string): string => join(layout, 'entries')
export const entryPath = (layout: string, digest: string): string =>
  join(entriesFolder(layout), `${digest.slice(7)}.json`)

/** Creates the folders and `oci-layout` when they are missing. */
export function makeLayout(layout: string): void {
  mkdirSync(join(layout, 'blobs', 'sha256'), { recursive: true })
  mkdirSync(entriesFolder(layout), { recursive: true })
  const file = join(layout, 'oci-layout')
  const content = '{"imageLayoutVersion":"1.0.0"}'
  if (readOrNull(file) !== content) replaceFile(layout, file, content)
}

/**
 * The path of an incomplete file. `sweep` uses the pid in it to find out whether the writer is
 * alive.
 */
export const temporaryPath = (folder: string): string =>
  join(folder, `.${process.pid}.${randomBytes(6).toString('hex')}.tmp`)

function replaceFile(folder: string, path: string, content: string): void {
  const temporary = temporaryPath(folder)
  try {
    writeFileSync(temporary, content, { flag: 'wx' })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

export const readOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Returns the manifests of a layout ordered by digest; annotations describe the source of each. */
export function readEntries(layout: string): Descriptor[] {
  const known = new Map(readIndexFile(layout).map((descriptor) => [descriptor.digest, descriptor]))
  return entryNames(layout).flatMap((name) => {
    const digest = `sha256:${name}`
    return known.get(digest) ?? readEntry(layout, digest) ?? []
  })
}

function entryNames(layout: string): string[] {
  try {
    const names = readdirSync(entriesFolder(layout))
    return names
      .filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
      .map((name) => name.slice(0, 64))
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

export function readEntry(layout: string, digest: string): Descriptor | null {
  return parseOrNull(readOrNull(entryPath(layout, digest))) as Descriptor | null
}

function readIndexFile(layout: string): Descriptor[] {
  const index = parseOrNull(readOrNull(join(layout, 'index.json'))) as {
    manifests?: Descriptor[]
  } | null
  return Array.isArray(index?.manifests) ? index.manifests : []
}

function parseOrNull(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return null // Torn by a power cut; the index is rebuilt from the entries.
  }
}

/**
 * Derives index.json from the entries. The process that renames last reads the entries again
 * afterwards: an entry written before that is in the index, and the writer of a later entry writes
 * the index again. No entry is lost.
 */
export function writeIndex(layout: string): void {
  for (;;) {
    const before = entryNames(layout).join()
    const manifests = readEntries(layout)
    const content = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests })
    replaceFile(layout, join(layout, 'index.json'), content)
    if (entryNames(layout).join() === before) return
  }
}

/**
 * Removes files of writers that no longer run or, because pids are reused, have been inactive for
 * hours.
 */
export function sweep(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    const pid = /^\.(\d+)\.[0-9a-f]{12}\.tmp$/.exec(name)?.[1]
    if (pid === undefined) continue
    const changed = lstatSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? now
    if (!isAlive(Number(pid)) || now - changed > 6 * 3_600_000)
      rmSync(join(folder, name), { recursive: true, force: true })
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
