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

/** A path leads out of the folder that it must be in, by a link or by `..`. */
export class LeadsOut extends Error {
  override name = 'LeadsOut'
}

/**
 * Calls `act` with the place of a path below `root`, whose folders are walked one by one and no
 * link is followed, so that nobody who may write there can lead us out, also not meanwhile. The
 * place is valid only until `act` ends. Folders that are missing are made, for `owner`. Throws a
 * LeadsOut. Without /proc it is compared with the real path instead.
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

/** Throws a LeadsOut when a folder is, links followed, not where its path says that it is. */
export function mustBeInside(root: string, folder: string): void {
  const real = realpathSync(folder)
  if (real !== resolve(realpathSync(root), relative(resolve(root), resolve(folder))))
    throw new LeadsOut(`${relative(root, folder) || folder} leads out of its folder`)
}

/**
 * Opens a file below `root` for reading, no link followed; answers its descriptor. Throws a
 * LeadsOut when it is none.
 */
export const openInside = (root: string, path: string): number =>
  atInside(root, path, null, openFile)

/**
 * Opens a file for reading whose path, without links, was looked up before; answers its descriptor.
 * Throws a LeadsOut when there is something else by now: a link on the way, a pipe, a device.
 */
export function openReal(file: string): number {
  const fd = openFile(file)
  if (process.platform !== 'linux' || readlinkSync(`/proc/self/fd/${fd}`) === file) return fd
  closeSync(fd)
  throw new LeadsOut(`${file} is not what it was`)
}

function openFile(file: string): number {
  let fd: number
  try {
    // A pipe that nobody writes to would keep us waiting.
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
