import { z } from 'zod'
import { defineAction, type FaultPlace, instancesOnly } from '../action.ts'
import { isAmong, needRunning, processesOf } from '../family.ts'
import { countOpen, limitOf, limitedProcess, setLimit } from '../descriptor-limit.ts'

const before = z.object({ processes: z.array(limitedProcess).min(1) })

/** Processes whose limit is not as before. What started since has the limit of its parent. */
function findLimited({ processes }: z.output<typeof before>, { target }: FaultPlace) {
  const [first] = processes
  return processesOf(target).flatMap((one) => {
    const now = limitOf(one.pid)
    const known = processes.find((other) => isAmong([other], one)) ?? first
    const isChanged = now !== null && known && now.soft !== known.soft
    // A process that ran another program before may have a limit of its own.
    const isOurs =
      isChanged && (isAmong(processes, one) || processes.some((p) => p.low === now.soft))
    return isOurs ? [{ ...one, soft: known.soft, hard: now.hard }] : []
  })
}

export default defineAction({
  name: 'descriptors',
  title: 'Leave instances few file descriptors, so that they can open nothing',
  parameters: z.strictObject({
    left: z.number().int().min(0).max(100_000).default(0).describe('Descriptors that stay free'),
  }),
  example: { left: 0 },
  needs: { root: false, programs: ['prlimit'] },
  before,
  radius: instancesOnly,
  read: ({ left }, { target }) => {
    needRunning(target)
    const processes = processesOf(target).flatMap((one) => {
      const limit = limitOf(one.pid)
      if (!limit) return []
      return [{ ...one, ...limit, low: Math.min(limit.soft, countOpen(one.pid) + left) }]
    })
    return { processes }
  },
  inject: async (_parameters, { processes }) => {
    for (const one of processes) await setLimit(one, one.low, one.hard)
  },
  undo: async (found, place) => {
    for (const one of findLimited(found, place)) await setLimit(one, one.soft, one.hard)
  },
  findProblem: (found, place) => {
    const left = findLimited(found, place).map(({ pid }) => pid)
    return left.length === 0 ? null : `the processes ${left.join(', ')} still have a low limit`
  },
})
