import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { forge, forgeReport, newForge } from './forge.ts'

const ofApp = z.object({ app: z.string() })

/** The forge that is told what becomes of an app's commits. */
export const forgeEndpoints = {
  getForge: endpoint({
    method: 'GET',
    path: '/apps/{app}/forge',
    role: 'viewer',
    summary:
      'The forge of an app without its token, null when there is none, and what it was told, the newest first',
    params: ofApp,
    output: z.object({ forge: forge.nullable(), reports: z.array(forgeReport) }),
  }),
  putForge: endpoint({
    method: 'PUT',
    path: '/apps/{app}/forge',
    role: 'operator',
    summary:
      'Say which forge has the repository of an app, and with which token it is told results',
    params: ofApp,
    body: newForge,
    output: forge,
  }),
  deleteForge: endpoint({
    method: 'DELETE',
    path: '/apps/{app}/forge',
    role: 'operator',
    summary: 'Tell the forge of an app nothing more, and forget its token',
    params: ofApp,
    output: z.object({ done: z.literal(true) }),
  }),
}
