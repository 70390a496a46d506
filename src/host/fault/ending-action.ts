import { z } from 'zod'
import { defineAction, type FaultAction, instancesOnly } from './action.ts'
import { needRunning } from './family.ts'
import { findMissing } from './supervised.ts'
import type { FaultTarget } from './target.ts'

const parameters = z.strictObject({})
const before = z.object({ indexes: z.array(z.number()) })

/** An action that ends instances. The host starts them again, so the undo waits for it. */
export const defineEndingAction = (
  { name, title }: Pick<FaultAction, 'name' | 'title'>,
  end: (target: FaultTarget) => Promise<void>,
): FaultAction<typeof parameters, typeof before> =>
  defineAction({
    ...{ name, title, parameters, before, radius: instancesOnly, endsInstances: true },
    example: {},
    needs: { root: false, programs: [] },
    read: (_parameters, { target }) => {
      needRunning(target)
      return { indexes: target.instances.map(({ index }) => index) }
    },
    inject: (_parameters, _before, { target }) => end(target),
    undo: async () => undefined,
    findProblem: ({ indexes }, place) => findMissing(indexes, place),
  })
