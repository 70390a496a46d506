import { z } from 'zod'
import { defineAction, wholeHost } from '../action.ts'
import { findLoad, startLoad, untilLoad } from '../load.ts'

export default defineAction({
  name: 'cpu',
  title: 'Keep processor cores busy',
  parameters: z.strictObject({
    cores: z.number().int().min(1).max(1024).default(1).describe('How many cores to keep busy'),
  }),
  example: { cores: 1 },
  needs: { root: false, programs: [] },
  before: z.object({}),
  radius: wholeHost,
  read: () => ({}),
  inject: async ({ cores }, _before, { marker }) => {
    for (let one = 0; one < cores; one += 1) startLoad(marker, 'while :; do :; done')
    await untilLoad(marker, (loads) => loads.length >= cores)
  },
  // The processes of a fault end before its undo.
  undo: async () => undefined,
  findProblem: (_before, { marker }) => findLoad(marker),
})
