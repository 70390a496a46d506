import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from 'node:fs'
import type { HostFile } from '#contract/host/service.ts'
import { OciError } from '#platform/oci/layout.ts'
import { readManifest } from '#platform/oci/oci.ts'
import { bytesOf, nativePath } from '#platform/oci/select.ts'
import { streamLayer } from '#platform/oci/unpack.ts'

/** A file, a folder or a link. Paths and targets have one character for each byte. */
export type Entry =
  | { type: 'file'; digest: string; mode: number; owner: number | null }
  | { type: 'folder' }
  | { type: 'link'; target: string }
  | { type: 'other' }

/** An entry on disk, and when it was changed, in milliseconds since 1970. */
export interface FoundEntry {
  entry: Entry
  changed: number
}

/** The entries of an artifact, with the folders above them. Throws an OciError. */
export async function artifactEntries(layout: string, digest: string): Promise<Map<string, Entry>> {
  const layer = readManifest(layout, digest).layers[0]
  if (!layer) throw new OciError(`the artifact ${digest} has no layer`)
  const entries = new Map<string, Entry>()
  let hash = createHash('sha256')
  let file: { path: string; mode: number } | null = null
  await streamLayer(layout, layer, {
    entry: ({ path, type, executable, target }) => {
      addParents(entries, path)
      hash = createHash('sha256')
      file = type === 'file' ? { path, mode: executable ? 0o755 : 0o644 } : null
      if (type === 'directory') entries.set(path, { type: 'folder' })
      if (type === 'symlink') entries.set(path, { type: 'link', target })
    },
    data: (chunk) => {
      if (file !== null) hash.update(chunk)
    },
    end: () => {
      if (file === null) return
      const { path, mode } = file
      entries.set(path, { type: 'file', digest: hash.digest('hex'), mode, owner: null })
      file = null
    },
  })
  return entries
}

/** The entries of the configuration files of a service; `owner` null is not compared. */
export function fileEntries(
  files: readonly Pick<HostFile, 'path' | 'text' | 'mode'>[],
  owner: number | null,
): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const { path, text, mode } of files) {
    addParents(entries, bytesOf(path))
    const digest = createHash('sha256').update(text).digest('hex')
    entries.set(bytesOf(path), { type: 'file', digest, mode, owner })
  }
  return entries
}

function addParents(entries: Map<string, Entry>, path: string): void {
  const parts = path.split('/')
  for (let end = 1; end < parts.length; end += 1)
    entries.set(parts.slice(0, end).join('/'), { type: 'folder' })
}

/** Everything below a folder; links are not followed. Empty when there is no folder. */
export async function diskEntries(root: string): Promise<Map<string, FoundEntry>> {
  const found = new Map<string, FoundEntry>()
  const walk = async (folder: string): Promise<void> => {
    for (const name of namesIn(root, folder)) {
      const path = folder === '' ? name : `${folder}/${name}`
      const one = await readEntry(nativePath(`${bytesOf(root)}/${path}`))
      if (one === null) continue
      found.set(path, one)
      if (one.entry.type === 'folder') await walk(path)
    }
  }
  await walk('')
  return found
}

function namesIn(root: string, folder: string): string[] {
  try {
    return readdirSync(nativePath(`${bytesOf(root)}/${folder}`), { encoding: 'latin1' }).toSorted()
  } catch {
    return []
  }
}

/** Null when it is gone meanwhile. */
async function readEntry(path: Buffer): Promise<FoundEntry | null> {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat) return null
  const changed = stat.ctimeMs
  try {
    if (stat.isDirectory()) return { entry: { type: 'folder' }, changed }
    if (stat.isSymbolicLink())
      return { entry: { type: 'link', target: readlinkSync(path, 'latin1') }, changed }
    if (stat.isFile()) return await readFile(path)
  } catch {
    // It was replaced or removed while it was read.
  }
  return { entry: { type: 'other' }, changed }
}

async function readFile(path: Buffer): Promise<FoundEntry> {
  // Without O_NONBLOCK, opening a pipe without a writer blocks.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const stat = fstatSync(fd)
  if (!stat.isFile()) {
    closeSync(fd)
    return { entry: { type: 'other' }, changed: stat.ctimeMs }
  }
  const hash = createHash('sha256')
  for await (const chunk of createReadStream('', { fd, highWaterMark: 256 * 1024 }))
    hash.update(chunk as Buffer)
  const [mode, owner] = [stat.mode & 0o7777, stat.uid]
  return { entry: { type: 'file', digest: hash.digest('hex'), mode, owner }, changed: stat.ctimeMs }
}
