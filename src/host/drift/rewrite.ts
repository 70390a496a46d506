import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { atInside } from '#platform/file/inside.ts'
import { OciError } from '#platform/oci/layout.ts'
import { readManifest } from '#platform/oci/oci.ts'
import { bytesOf, nativePath, textOf } from '#platform/oci/select.ts'
import { streamLayer } from '#platform/oci/unpack.ts'
import type { TarEntry } from '#platform/oci/tar.ts'

/**
 * Writes one entry of an artifact again, as the artifact has it; removes it when the artifact does
 * not have it. What is below a folder is written, too. A file has its former or its new content at
 * any moment. Throws an OciError, or a LeadsOut when a folder on the way is a link.
 */
export async function rewriteEntry(request: {
  layout: string
  artifact: string
  folder: string
  name: string
}): Promise<void> {
  const { layout, artifact, folder, name } = request
  const layer = readManifest(layout, artifact).layers[0]
  if (!layer) throw new OciError(`the artifact ${artifact} has no layer`)
  const wanted = bytesOf(name)
  const found: { entry: TarEntry; content: Buffer }[] = []
  let parts: Buffer[] | null = null
  let isFolder = false
  await streamLayer(layout, layer, {
    entry: (entry) => {
      parts = null
      if (entry.path !== wanted && !entry.path.startsWith(`${wanted}/`)) return
      isFolder ||= entry.path !== wanted || entry.type === 'directory'
      if (entry.type === 'file') parts = []
      const content = Buffer.alloc(0)
      found.push({ entry, content })
    },
    // The reader uses the memory of a chunk again.
    data: (chunk) => void parts?.push(Buffer.from(chunk)),
    end: () => {
      const last = found.at(-1)
      if (parts !== null && last) last.content = Buffer.concat(parts)
      parts = null
    },
  })
  if (isFolder || found.length === 0) removeAt(folder, name)
  for (const { entry, content } of found) writeEntry(folder, entry, content)
}

const removeAt = (folder: string, name: string): void =>
  atInside(folder, name, null, (place) => rmSync(place, { recursive: true, force: true }))

function writeEntry(folder: string, entry: TarEntry, content: Buffer): void {
  const { type, target, executable } = entry
  atInside(folder, textOf(entry.path), null, (place) => {
    if (type === 'directory') return void mkdirSync(place, { recursive: true, mode: 0o755 })
    const draft = `${place}.${randomBytes(6).toString('hex')}.draft`
    if (type === 'symlink') symlinkSync(nativePath(target), draft)
    else {
      const mode = executable ? 0o755 : 0o644
      writeFileSync(draft, content, { mode, flag: 'wx', flush: true })
      chmodSync(draft, mode)
    }
    // A folder in its place cannot be replaced by a rename.
    if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory())
      rmSync(place, { recursive: true, force: true })
    renameSync(draft, place)
  })
}
