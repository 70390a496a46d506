import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
} from 'node:fs'
import { basename, join, relative, resolve, sep } from 'node:path'

/** A path leaves its folder through a link or `..`. */
export class LeadsOut extends Error {
  override name = 'LeadsOut'
}

/**
 * Calls `act` with a path that stands for `path` below `root`. Each folder on the way is opened
 * without following links, so that a user who can write there cannot redirect the access, not even
 * while it happens. The path is valid only until `act` returns. Missing folders are created for
 * `owner`. Throws a LeadsOut. Without /proc, the real path is compared instead.
 */
export function atInside<T>(
  root: string,
  path: string,
  owner: number | null,
  act: (place: string) => T,
): T {
  const parts = relative(resolve(root), resolve(root, path)).split(sep)
  const last = parts.pop() ?? ''
  if (last === '' || last === '..' || parts[0] === '..')
    throw new LeadsOut(`${path} leads out of its folder`)
  if (process.platform !== 'linux') {
    mkdirSync(join(root, ...parts), { recursive: true })
    mustBeInside(root, join(root, ...parts))
    return act(join(root, ...parts, last))
  }
  let fd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    for (const part of parts) {
      const next = openBelow(fd, part, owner, path)
      closeSync(fd)
      fd = next
    }
    return act(`/proc/self/fd/${fd}/${last}`)
  } finally {
    closeSync(fd)
  }
}

function openBelow(fd: number, name: string, owner: number | null, path: string): number {
  const place = `/proc/self/fd/${fd}/${name}`
  const open = (): number =>
    openSync(place, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    return open()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ELOOP' || code === 'ENOTDIR')
      throw new LeadsOut(`${path} leads out of its folder`)
    if (code !== 'ENOENT') throw error
  }
  mkdirSync(place)
  const made = open()
  if (owner !== null) fchownSync(made, owner, owner)
  return made
}

/** Throws a LeadsOut when the real path of a folder differs from its path. */
export function mustBeInside(root: string, folder: string): void {
  const real = realpathSync(folder)
  if (real !== resolve(realpathSync(root), relative(resolve(root), resolve(folder))))
    throw new LeadsOut(`${relative(root, folder) || folder} leads out of its folder`)
}

/**
 * Returns the real path of `root`, and the real path below it of `path` with all links followed.
 * Throws a LeadsOut when that is not below `root`.
 */
export function realInside(root: string, path: string): { root: string; path: string } {
  const top = realpathSync(root)
  const way = relative(top, realpathSync(join(top, path)))
  if (way === '..' || way.startsWith(`..${sep}`)) throw new LeadsOut(`${path} leads out`)
  return { root: top, path: way }
}

/**
 * Opens a file below `root` for reading without following links and returns its descriptor. Throws
 * a LeadsOut when it is not a regular file.
 */
export const openInside = (root: string, path: string): number =>
  atInside(root, path, null, openFile)

/**
 * Opens a file for reading by its real path and returns its descriptor. Throws a LeadsOut when the
 * path now contains a link, or names a pipe or a device.
 */
export function openReal(file: string): number {
  const fd = openFile(file)
  if (process.platform !== 'linux' || readlinkSync(`/proc/self/fd/${fd}`) === file) return fd
  closeSync(fd)
  throw new LeadsOut(`${file} was replaced`)
}

function openFile(file: string): number {
  let fd: number
  try {
    // Without O_NONBLOCK, opening a pipe without a writer blocks.
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP')
      throw new LeadsOut(`${basename(file)} is a link`)
    throw error
  }
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new LeadsOut(`${basename(file)} is not a file`)
}
