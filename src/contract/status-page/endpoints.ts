import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { id } from '#contract/params.ts'
import { mostUpdateText, publicIncident, statusComponent, statusPhases } from './status-page.ts'

const inIncident = z.object({ incident: id })

/** Words about an incident that wait for a person, or for their time. */
export const updateDraft = z.object({
  title: z.string(),
  phase: z.enum(statusPhases),
  text: z.string(),
  /** ISO 8601; when it is published without a person */
  due: z.string(),
})

/** What customers are told about an incident. */
export const incidentUpdates = publicIncident.extend({
  /** the name of the component */
  name: z.string(),
  /** null when nothing waits */
  draft: updateDraft.nullable(),
})
export type IncidentUpdates = z.infer<typeof incidentUpdates>

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
  listStatusUpdates: endpoint({
    method: 'GET',
    path: '/status-page/incidents',
    role: 'viewer',
    lists: true,
    summary: 'List the incidents of the status page with their updates and what waits',
    output: z.object({ incidents: z.array(incidentUpdates) }),
  }),
  postStatusUpdate: endpoint({
    method: 'POST',
    path: '/incidents/{incident}/status-updates',
    role: 'developer',
    summary: 'Publish an update about an incident on the status page',
    params: inIncident,
    body: z.object({
      /** default: the phase of the draft, otherwise the current one */
      phase: z.enum(statusPhases).optional(),
      /** Markdown; default: the text of the draft */
      text: z.string().trim().min(1).max(mostUpdateText).optional(),
      /** what customers notice; default: the present title */
      title: z.string().trim().min(1).max(120).optional(),
      /** minutes until the next update, which customers are promised */
      next: z.number().int().min(1).max(10_080).optional(),
    }),
    output: incidentUpdates,
  }),
  discardStatusDraft: endpoint({
    method: 'DELETE',
    path: '/incidents/{incident}/status-draft',
    role: 'developer',
    summary: 'Discard the draft about an incident, so that it is not published by itself',
    params: inIncident,
    output: incidentUpdates,
  }),
}
