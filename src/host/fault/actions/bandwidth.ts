import { z } from 'zod'
import { matchesOf, resolveDestination, to } from '../destination.ts'
import { defineNetworkAction } from '../network-action.ts'

const kilobytes = z
  .number()
  .int()
  .min(1)
  .max(1_000_000)
  .default(64)
  .describe('Kilobytes per second; what is above is dropped')

export default defineNetworkAction(
  {
    name: 'bandwidth',
    title: 'Limit what a service can send to a destination',
    parameters: z.strictObject({ to, kilobytes }),
    example: { to: '192.0.2.1:80', kilobytes: 64 },
  },
  async (parameters) => {
    const matches = matchesOf(await resolveDestination(parameters.to))
    const limit = `limit rate over ${parameters.kilobytes} kbytes/second drop`
    return [{ type: 'filter', rules: matches.map((match) => `${match} ${limit}`) }]
  },
)
