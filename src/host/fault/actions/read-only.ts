import { closeSync, constants, fchmodSync, fstatSync, openSync } from 'node:fs'
import { z } from 'zod'
import { isAbsent } from '../absent.ts'
import { defineAction, type FaultPlace, wholeService } from '../action.ts'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
const writeBits = 0o222

/** Uses the data folder, never through a link. */
function withFolder<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

/** Uses the folder of the fault; undefined when it was removed or replaced since. */
function withSame<T>(inode: string, { target }: FaultPlace, use: (fd: number) => T): T | undefined {
  const path = target.dataFolder
  if (isAbsent(path)) return undefined
  return withFolder(path, (fd) => (inodeOf(fd) === inode ? use(fd) : undefined))
}

/** Names a folder as long as it exists. */
function inodeOf(fd: number): string {
  const { dev, ino } = fstatSync(fd, { bigint: true })
  return `${dev}:${ino}`
}

const modeOf = (fd: number): number => fstatSync(fd).mode & 0o7777

export default defineAction({
  name: 'read-only',
  title: 'Make the data folder of a service read-only, so that it can create no files there',
  parameters: z.strictObject({}),
  example: {},
  needs: { root: false, programs: [] },
  before: z.object({ mode: z.number().int(), inode: z.string() }),
  radius: wholeService,
  read: (_parameters, { target }) => {
    if (isAbsent(target.dataFolder)) throw new Error(`${target.service} has no data folder`)
    return withFolder(target.dataFolder, (fd) => ({ mode: modeOf(fd), inode: inodeOf(fd) }))
  },
  inject: async (_parameters, { mode, inode }, place) =>
    withSame(inode, place, (fd) => fchmodSync(fd, mode & ~writeBits)),
  undo: async ({ mode, inode }, place) => withSame(inode, place, (fd) => fchmodSync(fd, mode)),
  findProblem: ({ mode, inode }, place) => {
    const found = withSame(inode, place, modeOf) ?? mode
    return found === mode
      ? null
      : `the mode of ${place.target.dataFolder} is ${found.toString(8)} instead of ` +
          mode.toString(8)
  },
})
