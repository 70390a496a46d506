import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { done } from '#contract/params.ts'
import { forge, forgeReport, newForge } from './forge.ts'

const inApp = z.object({ app: z.string() })

/** The forge that receives the results of an app's commits. */
export const forgeEndpoints = {
  getForge: endpoint({
    method: 'GET',
    path: '/apps/{app}/forge',
    role: 'viewer',
    summary:
      'Get the forge of an app without its token, or null, and the latest reports, newest first',
    params: inApp,
    output: z.object({ forge: forge.nullable(), reports: z.array(forgeReport) }),
  }),
  putForge: endpoint({
    method: 'PUT',
    path: '/apps/{app}/forge',
    role: 'operator',
    summary: 'Connect an app to the forge that hosts its repository, and report results to it',
    params: inApp,
    body: newForge,
    output: forge,
  }),
  deleteForge: endpoint({
    method: 'DELETE',
    path: '/apps/{app}/forge',
    role: 'operator',
    summary: 'Disconnect the forge of an app and delete its token',
    params: inApp,
    output: done,
  }),
}
