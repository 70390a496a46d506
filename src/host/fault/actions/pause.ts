import { z } from 'zod'
import { defineAction, type FaultPlace, instancesOnly } from '../action.ts'
import {
  type FaultProcess,
  faultProcess,
  isAmong,
  needRunning,
  processesOf,
  signalUntil,
  stoppedOf,
} from '../family.ts'

/** Stopped processes that were not stopped before the fault. */
const paused = (before: FaultProcess[], { target }: FaultPlace): FaultProcess[] =>
  stoppedOf(target).filter((one) => !isAmong(before, one))

export default defineAction({
  name: 'pause',
  title: 'Pause instances, so that they hang',
  parameters: z.strictObject({}),
  example: {},
  needs: { root: false, programs: [] },
  before: z.object({ stopped: z.array(faultProcess) }),
  radius: instancesOnly,
  read: (_parameters, { target }) => {
    needRunning(target)
    return { stopped: stoppedOf(target) }
  },
  inject: (_parameters, _before, { target }) =>
    signalUntil('SIGSTOP', () => {
      const stopped = stoppedOf(target)
      return processesOf(target).filter((one) => !isAmong(stopped, one))
    }),
  undo: ({ stopped }, place) => signalUntil('SIGCONT', () => paused(stopped, place)),
  findProblem: ({ stopped }, place) => {
    const left = paused(stopped, place).map(({ pid }) => pid)
    return left.length === 0 ? null : `the processes ${left.join(', ')} are still stopped`
  },
})
