import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { defineAction, wholeHost } from '../action.ts'
import { findLoad, residentKb, startLoad, untilLoad } from '../load.ts'

/** Megabytes that stay available, so that the kernel ends no other process. */
const floor = 256

/** Allocates so many megabytes, and writes to each page. */
const allocate =
  'const all = []; for (let n = Number(process.argv[1]); n > 0; n -= 16) ' +
  'all.push(Buffer.alloc(Math.min(n, 16) * 1048576, 1)); setInterval(() => all, 1e9)'

export default defineAction({
  name: 'memory',
  title: 'Use memory',
  parameters: z.strictObject({
    megabytes: z.number().int().min(1).max(1_000_000).describe('How much memory to use'),
  }),
  example: { megabytes: 16 },
  needs: { root: false, programs: [] },
  before: z.object({}),
  radius: wholeHost,
  read: ({ megabytes }) => {
    const [, kb] = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? []
    const available = Math.floor(Number(kb ?? 0) / 1024)
    if (available - megabytes < floor)
      throw new Error(
        `${megabytes} MB of memory are too much: ${available} MB are available, and ` +
          `${floor} MB must stay so`,
      )
    return {}
  },
  inject: async ({ megabytes }, _before, { marker }) => {
    startLoad(marker, 'exec "$@"', [process.execPath, '-e', allocate, String(megabytes)])
    await untilLoad(marker, (loads) => loads.some((pid) => residentKb(pid) >= megabytes * 1024))
  },
  // The processes of a fault end before its undo.
  undo: async () => undefined,
  findProblem: (_before, { marker }) => findLoad(marker),
})
