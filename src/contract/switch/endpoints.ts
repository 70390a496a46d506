import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { inEnvironment } from '#contract/params.ts'
import { switchChoice, switchSetting, switchView } from './switch.ts'

const inSwitch = inEnvironment.extend({ switch: name })
const path = '/apps/{app}/environments/{environment}/switches/{switch}'

export const switchEndpoints = {
  listSwitches: endpoint({
    method: 'GET',
    path: '/switches',
    role: 'viewer',
    lists: true,
    summary: 'List the switches of the live releases, and what they serve',
    query: z.object({ app: name.optional(), environment: name.optional() }),
    output: z.object({ switches: z.array(switchView) }),
  }),
  getSwitch: endpoint({
    method: 'GET',
    path,
    role: 'viewer',
    summary: 'Get a switch of an environment with its last changes',
    params: inSwitch,
    output: switchView.extend({
      /** newest first, at most 50 */
      changes: z.array(z.object({ time: z.string(), text: z.string() })),
    }),
  }),
  setSwitch: endpoint({
    method: 'PUT',
    path,
    role: 'operator',
    summary: 'Set a switch of an environment; null returns to the default of the file',
    params: inSwitch,
    body: z.object({
      setting: switchSetting.nullable(),
      reason: z.string().trim().max(500).default(''),
      /** refuses the change when the switch has another version */
      version: z.number().int().min(0).optional(),
    }),
    output: z.object({
      switch: switchView,
      /** whether the host serves it already; otherwise it follows when the host answers */
      isServed: z.boolean(),
    }),
  }),
  startSwitchRollout: endpoint({
    method: 'POST',
    path: `${path}/rollout`,
    role: 'operator',
    summary:
      'Give a value of a switch to a growing share of the targeting keys while it harms none',
    params: inSwitch,
    body: z.object({
      serve: switchChoice,
      reason: z.string().trim().max(500).default(''),
    }),
    output: z.object({
      switch: switchView,
      /** whether the host serves it already; otherwise it follows when the host answers */
      isServed: z.boolean(),
    }),
  }),
}
