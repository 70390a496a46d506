import { execFile } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, lstatSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram, helperEnvironment, programOf, systemPath } from '#platform/process/program.ts'

/** How a folder appears in a rehearsal: with its content, and with changes that never reach it. */
export interface FolderCopy {
  /** Programs that put the copy in place of the folder, before those that isolate a command. */
  helpers: string[]
  /** Bytes that the rehearsal has written. */
  written(): number
}

/** The exit code of the helpers when the kernel refuses the copy on write. */
export const copyRefused = 79

/** Mounts the folders for one process and its children; nothing outside sees the mounts. */
const mountAll = (count: number, mount: string): string =>
  [
    `i=0`,
    `while [ $i -lt ${count} ]`,
    `do ${mount} || exit ${copyRefused}`,
    `shift 3`,
    `i=$((i+1))`,
    `done`,
    `exec "$@"`,
  ].join('\n')
const overlay =
  'mount -t overlay overlay -o "$OVERLAY_OPTIONS""lowerdir=$1,upperdir=$2,workdir=$3" "$1"'
const bind = 'mount --bind "$2" "$1"'

/**
 * A copy on write by overlayfs: an empty folder takes the changes. Needs root, or user namespaces.
 * https://docs.kernel.org/filesystems/overlayfs.html
 */
export function copyOnWrite(folders: string[], place: string): FolderCopy {
  const words = folders.flatMap((folder, index) => {
    const [upper, work] = [join(place, `upper.${index}`), join(place, `work.${index}`)]
    for (const one of [upper, work]) mkdirSync(one, { mode: 0o700 })
    // The root of the copy gets owner and mode of the folder that takes the changes.
    const { uid, gid, mode } = statSync(folder)
    if (isRoot()) chownSync(upper, uid, gid)
    chmodSync(upper, mode & 0o7777)
    return [folder, upper, work]
  })
  return {
    helpers: inNamespace(mountAll(folders.length, overlay), words),
    written: () =>
      folders.reduce((sum, _, index) => sum + sizeOf(join(place, `upper.${index}`)), 0),
  }
}

/** A full copy, where the kernel has no copy on write for this file system. */
export async function fullCopy(folders: string[], place: string): Promise<FolderCopy> {
  const copies = folders.map((_, index) => join(place, `copy.${index}`))
  for (const [index, folder] of folders.entries())
    await promisify(execFile)(
      programOf('cp'),
      ['-a', '--reflink=auto', '--sparse=auto', '--', folder, copies[index] ?? ''],
      { env: helperEnvironment() },
    ).catch(() => undefined) // Files that vanish while they are copied.
  const words = folders.flatMap((folder, index) => [folder, copies[index] ?? '', ''])
  return {
    helpers: inNamespace(mountAll(folders.length, bind), words),
    written: () => copies.reduce((sum, copy) => sum + sizeOf(copy), 0),
  }
}

const isRoot = (): boolean => process.getuid?.() === 0

/**
 * A mount namespace, and without root a user namespace in which mounts are permitted; the command
 * has the former user again. `setpriv` ends it with this process from the first moment on.
 */
function inNamespace(script: string, words: string[]): string[] {
  const sh = findProgram('sh', systemPath) ?? '/bin/sh'
  const setpriv = findProgram('setpriv', systemPath)
  const bound = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--']
  const unshare = findProgram('unshare', systemPath) ?? 'unshare'
  if (isRoot()) {
    const prefix = [unshare, '--mount', '--propagation', 'private', sh, '-c', script, 'sh']
    return [...bound, ...prefix, ...words]
  }
  const [user, group] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  const mounts = `OVERLAY_OPTIONS=userxattr,; ${script}`
  return [
    ...[...bound, unshare, '--user', '--map-root-user', '--mount', sh, '-c', mounts, 'sh'],
    ...words,
    ...[unshare, '--user', `--map-user=${user}`, `--map-group=${group}`],
  ]
}

/** Bytes on disk of a folder, without what belongs to other users. */
export function sizeOf(folder: string): number {
  let size = 0
  const add = (path: string): void => {
    try {
      const state = lstatSync(path)
      size += state.blocks * 512
      if (state.isDirectory()) for (const name of readdirSync(path)) add(join(path, name))
    } catch {
      // It is gone, or unreadable.
    }
  }
  add(folder)
  return size
}
