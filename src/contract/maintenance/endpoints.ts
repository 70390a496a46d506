import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { inEnvironment } from '#contract/params.ts'
import { maintenance } from './maintenance.ts'

const path = '/apps/{app}/environments/{environment}/maintenance'
/** whether the host obeys already; otherwise it follows when it answers */
const isServed = z.boolean()

/** The maintenance page, which the edge answers with in place of an environment. */
export const maintenanceEndpoints = {
  getMaintenance: endpoint({
    method: 'GET',
    path,
    role: 'viewer',
    summary: 'Show whether an environment answers with the maintenance page',
    params: inEnvironment,
    output: z.object({ maintenance: maintenance.nullable() }),
  }),
  startMaintenance: endpoint({
    method: 'PUT',
    path,
    role: 'operator',
    summary:
      'Answer every request of an environment with status 503 and the maintenance page; its ' +
      'services run on',
    params: inEnvironment,
    body: z.object({
      reason: z.string().trim().min(1).max(500),
      /** after which the page ends by itself, at most a week; without it, a person ends it */
      minutes: z.number().int().min(1).max(10_080).optional(),
    }),
    output: z.object({ maintenance, isServed }),
  }),
  endMaintenance: endpoint({
    method: 'DELETE',
    path,
    role: 'operator',
    summary: 'End the maintenance page of an environment',
    params: inEnvironment,
    output: z.object({ isServed }),
  }),
}
