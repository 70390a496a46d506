import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { impact } from './impact.ts'
import { id, inApp, limit } from '#contract/params.ts'
import {
  incident,
  incidentDetail,
  incidentRoles,
  incidentStates,
  rankingRecord,
  severities,
} from './incident.ts'

const inIncident = z.object({ incident: id })
const title = z.string().trim().min(1).max(200)
const note = z.string().trim().min(1).max(5000)
const comment = z.string().trim().max(1000).default('')

/** Incidents: harm that customers feel. */
export const incidentEndpoints = {
  listIncidents: endpoint({
    method: 'GET',
    path: '/incidents',
    role: 'viewer',
    lists: true,
    summary: 'List incidents, newest first, and how often the ranking of changes was right',
    query: z.object({
      app: name.optional(),
      state: z.enum([...incidentStates, 'unclosed']).optional(),
      before: id.optional(),
      limit,
    }),
    output: z.object({
      incidents: z.array(incident),
      next: z.number().int().nullable(),
      /** of the apps that are listed */
      ranking: rankingRecord,
    }),
  }),
  getIncident: endpoint({
    method: 'GET',
    path: '/incidents/{incident}',
    role: 'viewer',
    summary: 'Show an incident with its alerts, what changed before it, and its timeline',
    params: inIncident,
    output: incidentDetail,
  }),
  getIncidentImpact: endpoint({
    method: 'GET',
    path: '/incidents/{incident}/impact',
    role: 'viewer',
    summary:
      'Show whom an incident hit: requests that failed, by route and tenant, and what broke the ' +
      'rules of the business',
    params: inIncident,
    output: impact,
  }),
  openIncident: endpoint({
    method: 'POST',
    path: '/apps/{app}/incidents',
    role: 'developer',
    summary: 'Open an incident; alerts of the same place join it',
    params: inApp,
    body: z.object({
      title,
      environment: name,
      service: name.optional(),
      severity: z.enum(severities).optional(),
      /** when the harm began, ISO 8601; default: now */
      since: z.iso.datetime({ offset: true }).optional(),
    }),
    output: incidentDetail,
  }),
  noteIncident: endpoint({
    method: 'POST',
    path: '/incidents/{incident}/notes',
    role: 'developer',
    summary: 'Add a note to the timeline of an incident',
    params: inIncident,
    body: z.object({ text: note }),
    output: incidentDetail,
  }),
  takeIncident: endpoint({
    method: 'POST',
    path: '/incidents/{incident}/roles',
    role: 'developer',
    summary: 'Take a role in an incident, or hand it over to `person`; null leaves it to nobody',
    params: inIncident,
    body: z.object({
      role: z.enum(incidentRoles),
      /** the name of a user; default: you */
      person: z.string().min(1).max(80).nullable().optional(),
    }),
    output: incidentDetail,
  }),
  changeIncident: endpoint({
    method: 'PATCH',
    path: '/incidents/{incident}',
    role: 'developer',
    summary:
      'Change the title or the severity of an incident, say what stopped the harm, or confirm ' +
      'which change was the cause',
    params: inIncident,
    body: z
      .object({
        title: title.optional(),
        severity: z.enum(severities).optional(),
        /** what was done that stopped the harm */
        mitigation: z.string().trim().min(1).max(1000).optional(),
        /** the id of one of its changes; null when none of them is the cause */
        cause: id.nullable().optional(),
      })
      .refine((body) => Object.values(body).some((value) => value !== undefined), {
        message: 'must have a title, a severity, a mitigation or a cause',
      }),
    output: incidentDetail,
  }),
  mergeIncident: endpoint({
    method: 'POST',
    path: '/incidents/{incident}/merge',
    role: 'developer',
    summary:
      'Merge another incident of the same environment into this one, because both have one ' +
      'cause; a repetition changes nothing',
    params: inIncident,
    body: z.object({
      /** the incident that becomes a part of this one, and is closed */
      other: id,
    }),
    output: incidentDetail,
  }),
  closeIncident: endpoint({
    method: 'POST',
    path: '/incidents/{incident}/close',
    role: 'developer',
    summary: 'Close an incident; it opens again if its alerts come back within an hour',
    params: inIncident,
    body: z.object({ comment }),
    output: incidentDetail,
  }),
}
