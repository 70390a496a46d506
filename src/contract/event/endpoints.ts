import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { limit } from '#contract/params.ts'
import { cdEvent } from './cdevent-schema.ts'
import { storedEvent } from './event.ts'

const query = z.object({
  after: z.coerce.number().int().min(0).optional(),
  before: z.coerce.number().int().positive().optional(),
  app: name.optional(),
  chain: z.string().max(100).optional(),
  type: z.string().max(100).optional(),
  /** the name of a user, without regard to case */
  actor: z.string().max(100).optional(),
  /** part of the type, the subject, the actor or the data, without regard to case */
  text: z.string().max(100).optional(),
  /** only events at or after this time, ISO 8601 */
  since: z.iso.datetime({ offset: true }).optional(),
  /** only events before this time, ISO 8601 */
  until: z.iso.datetime({ offset: true }).optional(),
  limit,
})

/** The event log. */
export const eventEndpoints = {
  listEvents: endpoint({
    method: 'GET',
    path: '/events',
    role: 'viewer',
    lists: true,
    summary: 'List events',
    query,
    output: z.object({ events: z.array(storedEvent) }),
  }),
  listCdEvents: endpoint({
    method: 'GET',
    path: '/events/cdevents',
    role: 'viewer',
    lists: true,
    summary: 'Read the event log as CDEvents 0.5',
    query,
    output: z.object({ events: z.array(cdEvent) }),
  }),
  followEvents: endpoint({
    method: 'GET',
    path: '/events/stream',
    role: 'viewer',
    lists: true,
    events: true,
    summary: 'Follow events after `after` (default: now); `Last-Event-ID` resumes the stream',
    query: z.object({ after: z.coerce.number().int().min(0).optional(), app: name.optional() }),
    output: storedEvent,
  }),
}
