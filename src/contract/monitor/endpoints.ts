import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { monitor, monitorStates } from './monitor.ts'

export const monitorEndpoints = {
  listMonitors: endpoint({
    method: 'GET',
    path: '/monitors',
    role: 'viewer',
    lists: true,
    summary: 'List what is watched, with its state; what is not up comes first',
    query: z.object({
      app: name.optional(),
      environment: name.optional(),
      state: z.enum(monitorStates).optional(),
    }),
    output: z.object({ monitors: z.array(monitor) }),
  }),
}
