import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { basename, join, relative, resolve, sep } from 'node:path'
import type { ReleaseSpec } from './target.ts'
import { stateFile } from './published-state.ts'

/** The folder of a target, and why it cannot be used, if so. */
export function locate(
  directory: string,
  roots: string[],
): { folder: string; problem: string | null } {
  const folder = resolve(roots[0] ?? '/', directory)
  const root = roots.map((one) => resolve(one)).find((one) => folder.startsWith(one + sep))
  if (root === undefined)
    return { folder, problem: `${folder} is not inside one of ${roots.join(', ')}` }
  const parts = relative(root, folder).split(sep)
  const above = parts.map((_, count) => join(root, ...parts.slice(0, count)))
  if ([...above.slice(1), folder].some(isLink))
    return { folder, problem: `${folder} leads through a link` }
  if (above.some((one) => existsSync(join(one, stateFile))))
    return { folder, problem: `${folder} is inside the folder of another environment` }
  return { folder, problem: null }
}

export const releaseFolder = (folder: string, release: number): string =>
  join(folder, 'releases', String(release))

export function routedRelease(folder: string): number | null {
  try {
    return Number(/^releases\/(\d+)$/.exec(readlinkSync(join(folder, 'current')))?.[1] ?? NaN)
  } catch {
    return null
  }
}

/** Replaces the link `current` in one step. */
export function pointTo(folder: string, release: number): void {
  const draft = join(folder, `.current-${process.pid}`)
  rmSync(draft, { force: true })
  symlinkSync(`releases/${release}`, draft)
  renameSync(draft, join(folder, 'current'))
  syncFolder(folder)
}

/** Deletes a folder. It disappears in one step, so that a crash leaves no incomplete release. */
export function discard(folder: string, path: string): void {
  const trash = join(folder, `.removed-${basename(path)}`)
  rmSync(trash, { recursive: true, force: true })
  if (existsSync(path)) renameSync(path, trash)
  rmSync(trash, { recursive: true, force: true })
}

/** What starts of this deployment left behind that a newer server repeats. */
export function removeOlderDrafts(folder: string, { release, fence }: ReleaseSpec): void {
  for (const one of readdirSync(folder)) {
    const [, ...numbers] = /^\.unpacked-(\d+)-(\d+)-(\d+)-/.exec(one) ?? []
    const [number, deployment, epoch = Infinity] = numbers.map(Number)
    if (number === release && deployment === fence.deployment && epoch < fence.epoch)
      rmSync(join(folder, one), { recursive: true, force: true })
  }
}

/** What a start that was killed left behind, of one release or of all. */
export function removeDrafts(folder: string, release: number | ''): void {
  const name = new RegExp(`^\\.unpacked-${release === '' ? '' : `${release}-`}`)
  for (const one of readdirSync(folder))
    if (name.test(one)) rmSync(join(folder, one), { recursive: true, force: true })
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false

export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
