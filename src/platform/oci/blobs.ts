import { createHash } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  fsync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { type Descriptor, temporaryPath } from './layout.ts'

export const digestOf = (bytes: Buffer): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Encodes JSON content as a blob and returns it with its descriptor. */
export function describe(
  mediaType: string,
  content: object,
): { bytes: Buffer; descriptor: Descriptor } {
  const bytes = Buffer.from(JSON.stringify(content))
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } }
}

/** Writes a small file atomically and durably. */
export async function writeBlob(folder: string, path: string, bytes: Buffer): Promise<void> {
  const temporary = temporaryPath(folder)
  const fd = openSync(temporary, 'wx')
  try {
    writeSync(fd, bytes)
    await syncThenRename(fd, temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
}

/** Syncs the content before the rename, so that the name never refers to lost content. */
export async function syncThenRename(fd: number, temporary: string, path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.size === fstatSync(fd).size) touch(path)
  await new Promise<void>((done, fail) => fsync(fd, (error) => (error ? fail(error) : done())))
  renameSync(temporary, path)
}

/** Updates the modification time, which protects the file from `collectGarbage`. */
export function touch(path: string): void {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
