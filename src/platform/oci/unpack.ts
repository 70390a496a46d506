import { execFile } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  createReadStream,
  existsSync,
  fchmodSync,
  fsync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, resolve } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { programOf } from '#platform/process/program.ts'
import {
  blobPath,
  type Descriptor,
  isAlive,
  OciError,
  syncFolder,
  temporaryPath,
} from './layout.ts'
import { bytesOf, leadsOut, nativePath, textOf } from './select.ts'
import { readTar, type TarEntry, type TarHandler } from './tar.ts'

/** Returns whether an earlier unpack completed; the folder appears only when it is complete. */
export function isUnpacked(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0
}

/**
 * Unpacks a layer to `folder`, which appears atomically after all checks. With `durable`, every
 * file is synced before that: otherwise a power cut could leave an incomplete folder that looks
 * complete.
 */
export async function unpackLayer(options: {
  layout: string
  layer: Descriptor
  folder: string
  durable: boolean
  keepFree: number | null
}): Promise<void> {
  const folder = resolve(options.folder)
  const parent = dirname(folder)
  mkdirSync(parent, { recursive: true })
  removeLeftOvers(folder)
  const temporary = `${folder}${basename(temporaryPath(''))}`
  mkdirSync(temporary)
  chmodSync(temporary, 0o755)
  const writer = fileWriter(temporary, spaceOf(parent, options.keepFree))
  try {
    await streamLayer(options.layout, options.layer, writer)
    if (options.durable) await syncAll(temporary, writer.written)
    putInPlace(temporary, folder)
    if (options.durable) syncFolder(parent)
  } catch (error) {
    writer.end()
    rmSync(temporary, { recursive: true, force: true })
    throw error
  }
}

function putInPlace(temporary: string, folder: string): void {
  try {
    renameSync(temporary, folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Another process unpacked the same content first.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** A killed unpack leaves its temporary folder, which contains the pid of its writer. */
function removeLeftOvers(folder: string): void {
  const start = `${basename(folder)}.`
  for (const name of readdirSync(dirname(folder))) {
    const pid = name.startsWith(start)
      ? /^(\d+)\.[0-9a-f]{12}\.tmp$/.exec(name.slice(start.length))?.[1]
      : undefined
    if (pid === undefined || Number(pid) === process.pid || isAlive(Number(pid))) continue
    rmSync(resolve(dirname(folder), name), { recursive: true, force: true })
  }
}

/**
 * Reads a layer to its end and verifies its digest. Throws an OciError that names the digest when
 * the content is damaged.
 */
export async function streamLayer(
  layout: string,
  layer: Descriptor,
  handler: TarHandler,
): Promise<void> {
  const hash = createHash('sha256')
  const reader = readTar(handler)
  try {
    await pipeline(
      createReadStream(blobPath(layout, layer.digest), { highWaterMark: 256 * 1024 }),
      hashing(hash),
      createZstdDecompress({ chunkSize: 256 * 1024 }),
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) reader.push(chunk)
      },
    )
    reader.finish()
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, layer.digest)
  }
  if (`sha256:${hash.digest('hex')}` !== layer.digest)
    throw new OciError(`the layer ${layer.digest} is damaged: its content has another digest`)
}

function hashing(hash: Hash): Transform {
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk)
      done(null, chunk)
    },
  })
}

function explain(error: NodeJS.ErrnoException, digest: string): Error {
  if (error instanceof OciError) return error
  if (error.code === 'ENOENT' && error.syscall === 'open')
    return new OciError(`the layer ${digest} is missing`)
  if (error.code === 'ENOSPC')
    return new OciError('the artifact cannot be unpacked: no space is left on the disk')
  if (error.syscall !== undefined)
    return new OciError(`the artifact cannot be unpacked: ${error.message}`)
  return new OciError(`the layer ${digest} is damaged: ${error.message}`)
}

/**
 * Writes entries below a new folder. Nothing is written through a link: every folder on the way was
 * created here, and files are only created.
 */
function fileWriter(
  root: string,
  take: (bytes: number) => void,
): TarHandler & { written: string[] } {
  const base = bytesOf(root)
  // A umask that takes nothing away saves a system call for each entry.
  const mask = process.umask()
  const folders = new Set([''])
  const written: string[] = []
  let fd: number | null = null
  const makeFolder = (path: string): void => {
    if (folders.has(path)) return
    makeFolder(parentOf(path))
    const full = nativePath(`${base}/${path}`)
    mkdirSync(full, 0o755) // Throws when something else exists, such as a link.
    if ((0o755 & mask) !== 0) chmodSync(full, 0o755)
    folders.add(path)
    written.push(`${base}/${path}`)
  }
  return {
    written,
    entry: (entry) => {
      refuseEscape(entry)
      makeFolder(parentOf(entry.path))
      const path = `${base}/${entry.path}`
      if (entry.type === 'directory') makeFolder(entry.path)
      else if (entry.type === 'symlink') symlinkSync(nativePath(entry.target), nativePath(path))
      else {
        take(entry.size)
        const mode = entry.executable ? 0o755 : 0o644
        fd = openSync(nativePath(path), 'wx', mode)
        if ((mode & mask) !== 0) fchmodSync(fd, mode)
        written.push(path)
      }
    },
    data: (chunk) => {
      if (fd !== null) for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at)
    },
    end: () => {
      if (fd !== null) closeSync(fd)
      fd = null
    },
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

function refuseEscape(entry: TarEntry): void {
  const parts = entry.path.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new OciError(
      `the artifact is refused: its entry "${textOf(entry.path)}" is not a path inside the folder`,
    )
  if (entry.type === 'symlink' && (entry.target === '' || leadsOut(entry.path, entry.target)))
    throw new OciError(
      `the artifact is refused: its link "${textOf(entry.path)}" ` +
        `leads out of the folder to "${textOf(entry.target)}"`,
    )
}

/**
 * Returns a function that takes bytes from the free space of a folder's disk, except `keepFree`
 * bytes, and throws an OciError when there are too few. Null leaves the limit to the disk itself.
 */
function spaceOf(folder: string, keepFree: number | null): (bytes: number) => void {
  if (keepFree === null) return () => undefined
  const { bavail, bsize } = statfsSync(folder)
  let left = bavail * bsize - keepFree
  const megabytes = Math.max(0, Math.floor(left / 1e6))
  return (bytes) => {
    left -= bytes
    if (left < 0)
      throw new OciError(
        `the artifact cannot be unpacked: it needs more than the ${megabytes} MB that are free ` +
          `on the disk besides the ${Math.ceil(keepFree / 1e6)} MB that Fairlead keeps free`,
      )
  }
}

/** From this number of files on, one sync of the file system is quicker than one for each file. */
const manyFiles = 1000

/** Syncs the files of a folder; when they are many, its whole file system with `sync -f`. */
async function syncAll(folder: string, paths: string[]): Promise<void> {
  if (paths.length < manyFiles || !(await syncFileSystem(folder))) await syncFiles(paths)
}

/** Syncs the whole file system of a folder; returns false where that is not possible. */
export async function syncFileSystem(folder: string): Promise<boolean> {
  const sync = process.platform === 'linux' ? programOf('sync') : ''
  return isAbsolute(sync) && runs(sync, ['-f', folder])
}

const runs = (program: string, args: string[]): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(program, args, { env: {}, cwd: '/' }, (error) => resolve(error === null))
  })

/** Syncs a few files at a time, which lets the file system batch the writes. */
async function syncFiles(paths: string[]): Promise<void> {
  const queue = [...paths]
  const work = async (): Promise<void> => {
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      const fd = openSync(nativePath(path), 'r')
      try {
        await new Promise<void>((done, fail) =>
          fsync(fd, (error) => (error ? fail(error) : done())),
        )
      } finally {
        closeSync(fd)
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
}
