import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { done, id } from '#contract/params.ts'
import { componentName } from './pages.ts'
import { mostUpdateText, publicIncident, statusComponent, statusPhases } from './status-page.ts'
import { statusSubscription } from './subscription.ts'

const inIncident = z.object({ incident: id })

/** Words about an incident that wait for a person, or for their time. */
export const updateDraft = z.object({
  title: z.string(),
  phase: z.enum(statusPhases),
  text: z.string(),
  /** ISO 8601; when it is published without a person; null while the component shows no harm */
  due: z.string().nullable(),
})

/** What customers are told about an incident. */
export const incidentUpdates = publicIncident.extend({
  /** the name of the component */
  name: z.string(),
  /** null when nothing waits */
  draft: updateDraft.nullable(),
  /** the names of the status pages that show one of its components */
  pages: z.array(z.string()),
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
  listStatusSubscriptions: endpoint({
    method: 'GET',
    path: '/status-page/subscriptions',
    role: 'admin',
    summary: 'List who gets the updates of the status page',
    output: z.object({ subscriptions: z.array(statusSubscription) }),
  }),
  putStatusSubscription: endpoint({
    method: 'PUT',
    path: '/status-page/subscriptions/{subscription}',
    role: 'admin',
    summary: 'Send the updates of the status page to a chat, a webhook or an address',
    params: z.object({ subscription: name }),
    body: z.object({
      /** the kind of a channel that neither pages people nor runs commands */
      kind: z.string().max(40),
      /** those of a channel of this kind */
      settings: z.record(z.string(), z.unknown()),
      /** only the updates about these apps and components; default: all */
      apps: z.array(name).min(1).max(100).optional(),
      components: z.array(componentName).min(1).max(100).optional(),
      /** the status page whose updates are sent; default: `default` */
      page: name.optional(),
    }),
    output: statusSubscription,
  }),
  deleteStatusSubscription: endpoint({
    method: 'DELETE',
    path: '/status-page/subscriptions/{subscription}',
    role: 'admin',
    summary: 'Delete a subscription of the status page',
    params: z.object({ subscription: name }),
    output: done,
  }),
}
