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

/** JSON content as a blob, and the descriptor that points to it. */
export function describe(
  mediaType: string,
  content: object,
): { bytes: Buffer; descriptor: Descriptor } {
  const bytes = Buffer.from(JSON.stringify(content))
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } }
}

/** Writes a small file so that it survives a power cut, whole or not at all. */
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

/** Content first, name after: a name never stands for content that a power cut took. */
export async function syncThenRename(fd: number, temporary: string, path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.size === fstatSync(fd).size) touch(path)
  await new Promise<void>((done, fail) => fsync(fd, (error) => (error ? fail(error) : done())))
  renameSync(temporary, path)
}

/** Tells `collectGarbage` that this is needed again. */
export function touch(path: string): void {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
