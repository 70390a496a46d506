import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { constants as zlib, zstdCompress, zstdCompressSync, type ZstdOptions } from 'node:zlib'
import { ContentProblem, OciError } from './layout.ts'
import { bytesOf, nativePath, selectEntries, textOf } from './select.ts'
import { encodeTarHeader, tarEnd, tarPadding, type TarEntry } from './tar.ts'

export interface Layer {
  digest: string
  size: number
  /** Digest of the archive before compression. */
  diffId: string
  /** The patterns of `exclude` that left out nothing. */
  unusedExcludes: string[]
}

/**
 * The archive is compressed in independent frames of this size: memory is bounded, and the bytes
 * depend on the content only.
 */
const frameSize = 1024 * 1024
/** A small frame is compressed in this thread, because passing it to another takes longer. */
const smallFrame = 128 * 1024
/** Milliseconds after which the event loop gets a turn. */
const turnMs = 8

const options: ZstdOptions = {
  params: { [zlib.ZSTD_c_compressionLevel]: 1, [zlib.ZSTD_c_checksumFlag]: 1 },
}
const compressAside = promisify(zstdCompress)

/** Writes the layer with the selected files of `folder` to the open file `fd`. */
export async function writeLayer(
  fd: number,
  request: { folder: string; include: string[]; exclude: string[]; mostBytes?: number },
): Promise<Layer> {
  let left = request.mostBytes ?? Infinity
  const sink = layerSink(fd)
  const root = bytesOf(resolve(request.folder))
  let turn = performance.now()
  const entries = selectEntries(request.folder, request.include, request.exclude)
  let next = entries.next()
  for (; !next.done; next = entries.next()) {
    const entry = next.value
    left -= entry.size
    if (left < 0) throw tooLarge(request.mostBytes ?? 0, entry)
    await sink.add(encodeTarHeader(entry))
    if (entry.type === 'file' && entry.size > 0) await addFile(sink, `${root}/${entry.path}`, entry)
    if (performance.now() - turn < turnMs) continue
    await new Promise((resume) => setImmediate(resume))
    turn = performance.now()
  }
  await sink.add(tarEnd)
  return { ...(await sink.end()), unusedExcludes: next.value }
}

interface Sink {
  /** Returns a promise only when there is something to wait for, because most entries are small. */
  add(bytes: Buffer): Promise<void> | undefined
  end(): Promise<Omit<Layer, 'unusedExcludes'>>
}

function layerSink(fd: number): Sink {
  const plain = createHash('sha256')
  const packed = createHash('sha256')
  let parts: Buffer[] = []
  let buffered = 0
  let size = 0
  const write = (frame: Buffer): void => {
    packed.update(frame)
    size += frame.length
    for (let at = 0; at < frame.length;) at += writeSync(fd, frame, at)
  }
  const flush = async (frame: Buffer): Promise<void> => {
    plain.update(frame)
    write(
      frame.length <= smallFrame
        ? zstdCompressSync(frame, options)
        : await compressAside(frame, options),
    )
  }
  const cut = async (): Promise<void> => {
    const all = Buffer.concat(parts)
    const whole = all.length - (all.length % frameSize)
    parts = [all.subarray(whole)]
    buffered = all.length - whole
    for (let at = 0; at < whole; at += frameSize) await flush(all.subarray(at, at + frameSize))
  }
  return {
    add: (bytes) => {
      parts.push(bytes)
      buffered += bytes.length
      return buffered >= frameSize ? cut() : undefined
    },
    end: async () => {
      await flush(Buffer.concat(parts))
      return {
        digest: `sha256:${packed.digest('hex')}`,
        size,
        diffId: `sha256:${plain.digest('hex')}`,
      }
    },
  }
}

async function addFile(sink: Sink, path: string, entry: TarEntry): Promise<void> {
  const fd = openToRead(path, entry)
  try {
    if (fstatSync(fd).size !== entry.size) throw changed(entry)
    for (let at = 0; at < entry.size;) {
      const chunk = Buffer.allocUnsafe(Math.min(frameSize, entry.size - at))
      const length = readSync(fd, chunk, 0, chunk.length, at)
      if (length === 0) throw changed(entry)
      at += length
      await sink.add(chunk.subarray(0, length))
    }
    await sink.add(tarPadding(entry.size))
  } finally {
    closeSync(fd)
  }
}

function openToRead(path: string, entry: TarEntry): number {
  try {
    return openSync(nativePath(path), constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ContentProblem(`artifact: the file "${textOf(entry.path)}" cannot be read (${code})`)
  }
}

const tooLarge = (bytes: number, entry: TarEntry): ContentProblem =>
  new ContentProblem(
    `artifact: the files up to "${textOf(entry.path)}" need more than the ` +
      `${Math.floor(bytes / 1e6)} MB that are free on the disk; exclude large files, or free space`,
  )

const changed = (entry: TarEntry): OciError =>
  new OciError(
    `artifact: the file "${textOf(entry.path)}" changed while it was packed; is something still writing to it?`,
  )
