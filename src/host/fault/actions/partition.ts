import { z } from 'zod'
import { matchesOf, resolveDestination, to } from '../destination.ts'
import { defineNetworkAction } from '../network-action.ts'

const how = z
  .enum(['drop', 'refuse'])
  .default('drop')
  .describe('`drop`: packets vanish; `refuse`: connections are refused, and open ones reset')

export default defineNetworkAction(
  {
    name: 'partition',
    title: 'Cut a service off from a destination',
    parameters: z.strictObject({ to, how }),
    example: { to: '192.0.2.1:80' },
  },
  async (parameters) => {
    const matches = matchesOf(await resolveDestination(parameters.to))
    const rules = matches.flatMap((match) =>
      parameters.how === 'drop'
        ? [`${match} drop`]
        : [`${match} meta l4proto tcp reject with tcp reset`, `${match} reject`],
    )
    return [{ type: 'filter', rules }]
  },
)
