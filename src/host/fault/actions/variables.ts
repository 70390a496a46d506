import { z } from 'zod'
import { defineAction, instancesOnly } from '../action.ts'
import { variableChange } from '../change.ts'
import { endChanged, findChanged, restartChanged, variableOfTarget } from '../changed-instances.ts'
import { needRunning } from '../family.ts'

const { set, unset, wrong } = variableChange.shape

export default defineAction({
  name: 'variables',
  title: 'Restart instances with wrong, missing or other variables',
  parameters: z
    .strictObject({
      set: set.describe('Variables and the values that they get'),
      unset: unset.describe('Variables that are missing'),
      wrong: wrong.describe(
        'Variables, such as secrets, that get a wrong value of the same length',
      ),
    })
    .refine(
      (one) => Object.keys(one.set).length + one.unset.length + one.wrong.length > 0,
      'name at least one variable',
    ),
  example: { set: { FAIRLEAD_EXAMPLE: 'fault' } },
  needs: { root: false, programs: [] },
  endsInstances: true,
  before: z.object({ indexes: z.array(z.number()), change: variableChange }),
  radius: instancesOnly,
  read: (change, { target }) => {
    needRunning(target)
    const missing = [...change.unset, ...change.wrong].find(
      (name) => variableOfTarget(target, name) === null,
    )
    if (missing !== undefined) throw new Error(`${target.service} has no variable ${missing}`)
    return { indexes: target.instances.map(({ index }) => index), change }
  },
  inject: (_parameters, _before, place) => restartChanged(place),
  undo: async (_before, place) => void (await endChanged(place)),
  findProblem: ({ indexes }, place) => findChanged(indexes, place),
})
