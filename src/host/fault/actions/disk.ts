import { execFile } from 'node:child_process'
import { rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { helperEnvironment, programOf } from '#platform/process/program.ts'
import { isAbsent } from '../absent.ts'
import { defineAction, wholeHost } from '../action.ts'

const megabyte = 1_048_576

/** Bytes that a process without privileges can still write there. */
function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

export default defineAction({
  name: 'disk',
  title: 'Fill the disk with the data of services',
  parameters: z.strictObject({
    megabytes: z
      .number()
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .describe('How much to fill; default: until `leave` is left'),
    leave: z
      .number()
      .int()
      .min(16)
      .max(1_000_000_000)
      .default(256)
      .describe('Megabytes that stay free in any case'),
  }),
  example: { megabytes: 8 },
  needs: { root: false, programs: ['fallocate'] },
  before: z.object({ file: z.string(), bytes: z.number().int() }),
  radius: wholeHost,
  read: ({ megabytes = Infinity, leave }, { id, folder, target }) => {
    const isOwnDisk =
      statSync(target.dataFolder, { throwIfNoEntry: false })?.dev !== statSync(folder).dev
    if (isOwnDisk && !isAbsent(target.dataFolder))
      throw new Error(`the data of ${target.service} is on another disk than FAIRLEAD_HOME`)
    const most = Math.floor(freeBytes(folder) / megabyte) - leave
    if (most < 1) throw new Error(`less than ${leave} MB of the disk are free already`)
    return { file: join(folder, `${id}.fill`), bytes: Math.min(megabytes, most) * megabyte }
  },
  inject: async (_parameters, { file, bytes }, { marker }) => {
    // With -x, it writes zeros where the file system cannot allocate. See fallocate(1).
    await promisify(execFile)(programOf('fallocate'), ['-x', '-l', String(bytes), file], {
      env: { ...helperEnvironment(), FAIRLEAD_PROCESS: marker },
    })
  },
  undo: async ({ file }) => rmSync(file, { force: true }),
  findProblem: ({ file }) => (isAbsent(file) ? null : `the file ${file} still exists`),
})
