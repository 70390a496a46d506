import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { statusComponent } from './status-page.ts'

export const statusPageEndpoints = {
  listStatusComponents: endpoint({
    method: 'GET',
    path: '/status-page/components',
    role: 'viewer',
    lists: true,
    summary: 'List the components of the status page with their states and 90 days',
    output: z.object({
      /** the address of the page; null when it is not served */
      address: z.string().nullable(),
      components: z.array(
        statusComponent.omit({ detail: true }).extend({
          /** ISO 8601; when the host was last told the state */
          confirmed: z.string(),
        }),
      ),
    }),
  }),
}
