import { z } from 'zod'
import { defineAction, instancesOnly } from '../action.ts'
import { askToEnd, needRunning } from '../family.ts'
import { findMissing } from '../supervised.ts'

/** Asks instances to end. The host starts them again, so the undo waits for it. */
export default defineAction({
  name: 'stop',
  title: 'Stop instances with SIGTERM, so that they can finish their work',
  parameters: z.strictObject({}),
  example: {},
  needs: { root: false, programs: [] },
  before: z.object({ indexes: z.array(z.number()) }),
  radius: instancesOnly,
  read: (_parameters, { target }) => {
    needRunning(target)
    return { indexes: target.instances.map(({ index }) => index) }
  },
  inject: (_parameters, _before, { target }) => askToEnd(target),
  undo: async () => undefined,
  findProblem: ({ indexes }, place) => findMissing(indexes, place),
})
