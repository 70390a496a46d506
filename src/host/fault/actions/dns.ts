import { z } from 'zod'
import { portMatch } from '../destination.ts'
import { defineNetworkAction } from '../network-action.ts'

const how = z
  .enum(['drop', 'refuse'])
  .default('drop')
  .describe('`drop`: questions get no answer; `refuse`: they fail at once')

export default defineNetworkAction(
  {
    name: 'dns',
    title: 'Let a service resolve no names, because no DNS server answers it',
    parameters: z.strictObject({ how }),
    example: { how: 'drop' },
  },
  async (parameters) => {
    const statement = parameters.how === 'drop' ? 'drop' : 'reject'
    return [{ type: 'filter', rules: [`${portMatch(53)} ${statement}`] }]
  },
)
