import { z } from 'zod'
import { matchesOf, resolveDestination, to } from '../destination.ts'
import { defineNetworkAction } from '../network-action.ts'

const percent = z
  .number()
  .gt(0)
  .max(99.99)
  .default(20)
  .describe('The share of lost packets; use `partition` to lose all')

export default defineNetworkAction(
  {
    name: 'loss',
    title: 'Lose packets of a service to a destination',
    parameters: z.strictObject({ to, percent }),
    example: { to: '192.0.2.1:80', percent: 20 },
  },
  async (parameters) => {
    const matches = matchesOf(await resolveDestination(parameters.to))
    const lost = Math.ceil(parameters.percent * 100)
    const rules = matches.map((match) => `${match} numgen random mod 10000 < ${lost} drop`)
    return [{ type: 'filter', rules }]
  },
)
