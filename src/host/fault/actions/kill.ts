import { z } from 'zod'
import { defineAction, instancesOnly } from '../action.ts'
import { killAll, needRunning } from '../family.ts'
import { findMissing } from '../supervised.ts'

/** Kills instances. The host starts them again, so the undo waits for it. */
export default defineAction({
  name: 'kill',
  title: 'Kill instances',
  parameters: z.strictObject({}),
  example: {},
  needs: { root: false, programs: [] },
  before: z.object({ indexes: z.array(z.number()) }),
  radius: instancesOnly,
  read: (_parameters, { target }) => {
    needRunning(target)
    return { indexes: target.instances.map(({ index }) => index) }
  },
  inject: async (_parameters, _before, { target }) => killAll(target),
  undo: async () => undefined,
  findProblem: ({ indexes }, place) => findMissing(indexes, place),
})
