import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { done, id, inApp, limit } from '#contract/params.ts'
import {
  alert,
  alertDetail,
  alertDrift,
  alertStates,
  channel,
  delivery,
  silence,
  subscription,
  suspectRecord,
  urgencies,
} from './alert.ts'
import { alertFigures } from './figures.ts'

const inAlert = z.object({ alert: id })
const comment = z.string().trim().max(1000).default('')
const minutes = z.number().int().min(1).max(525_600)

/** Alerts, silences, and the channels that messages go to. */
export const alertEndpoints = {
  listAlerts: endpoint({
    method: 'GET',
    path: '/alerts',
    role: 'viewer',
    lists: true,
    summary: 'List alerts, newest first',
    query: z.object({
      app: name.optional(),
      state: z.enum([...alertStates, 'unresolved']).optional(),
      before: id.optional(),
      limit,
    }),
    output: z.object({ alerts: z.array(alert), next: z.number().int().nullable() }),
  }),
  getAlert: endpoint({
    method: 'GET',
    path: '/alerts/{alert}',
    role: 'viewer',
    summary:
      'Show an alert with what fires in it, its timeline, its messages, and the drift of its ' +
      'environment',
    params: inAlert,
    output: alertDetail.extend({ drift: z.array(alertDrift) }),
  }),
  getAlertFigures: endpoint({
    method: 'GET',
    path: '/alert-figures',
    role: 'viewer',
    lists: true,
    summary:
      'Show how noisy alerts are: how many each team had by week, and how many led to something',
    query: z.object({
      app: name.optional(),
      weeks: z.coerce.number().int().min(1).max(53).default(8),
    }),
    output: alertFigures,
  }),
  acknowledgeAlert: endpoint({
    method: 'POST',
    path: '/alerts/{alert}/acknowledge',
    role: 'developer',
    summary: 'Acknowledge an alert; it opens again after `minutes` unless it is resolved',
    params: inAlert,
    body: z.object({ minutes: minutes.default(60), comment }),
    output: alertDetail,
  }),
  passAlert: endpoint({
    method: 'POST',
    path: '/alerts/{alert}/pass',
    role: 'developer',
    summary: 'Say that an alert is not yours; the next step of its escalation is due now',
    params: inAlert,
    body: z.object({ comment }),
    output: alertDetail,
  }),
  resolveAlert: endpoint({
    method: 'POST',
    path: '/alerts/{alert}/resolve',
    role: 'developer',
    summary: 'Resolve an alert; what still fires opens an alert again only after it has ended',
    params: inAlert,
    body: z.object({ comment }),
    output: alertDetail,
  }),
  getSuspectRecord: endpoint({
    method: 'GET',
    path: '/apps/{app}/suspects',
    role: 'viewer',
    summary: 'Show how often the suspects of alerts were right',
    params: inApp,
    output: suspectRecord,
  }),
  listSilences: endpoint({
    method: 'GET',
    path: '/silences',
    role: 'viewer',
    lists: true,
    summary: 'List the silences that have not ended',
    query: z.object({ app: name.optional() }),
    output: z.object({ silences: z.array(silence) }),
  }),
  createSilence: endpoint({
    method: 'POST',
    path: '/apps/{app}/silences',
    role: 'developer',
    summary: 'Send no messages about an app, an environment or a service for some time',
    params: inApp,
    body: z.object({
      environment: name.optional(),
      service: name.optional(),
      /** when it begins, ISO 8601; default: now */
      from: z.iso.datetime({ offset: true }).optional(),
      minutes,
      reason: z.string().trim().min(1).max(500),
    }),
    output: silence,
  }),
  endSilence: endpoint({
    method: 'DELETE',
    path: '/silences/{silence}',
    role: 'developer',
    summary: 'End a silence now',
    params: z.object({ silence: id }),
    output: done,
  }),
  listChannels: endpoint({
    method: 'GET',
    path: '/channels',
    role: 'viewer',
    summary: 'List the channels, without their settings',
    output: z.object({
      channels: z.array(channel),
      /** the kinds that exist, with the names of their settings */
      kinds: z.array(
        z.object({
          kind: z.string(),
          title: z.string(),
          required: z.array(z.string()),
          optional: z.array(z.string()),
        }),
      ),
    }),
  }),
  listDeliveries: endpoint({
    method: 'GET',
    path: '/channels/{channel}/deliveries',
    role: 'viewer',
    summary: 'List the last messages to a channel, newest first, with what became of them',
    params: z.object({ channel: name }),
    query: z.object({ limit }),
    output: z.object({ deliveries: z.array(delivery) }),
  }),
  putChannel: endpoint({
    method: 'PUT',
    path: '/channels/{channel}',
    role: 'admin',
    summary: 'Create a channel, or replace it; `settings` depend on its kind',
    params: z.object({ channel: name }),
    body: z.object({
      kind: z.string().max(40),
      settings: z.record(z.string(), z.unknown()),
      person: z.string().min(1).max(80).optional(),
      urgency: z.enum(urgencies).default('low'),
    }),
    output: channel,
  }),
  addBrowser: endpoint({
    method: 'POST',
    path: '/browsers',
    role: 'anyone',
    summary:
      'Make a browser a channel of the caller, by Web Push, and send a test message; `problem` ' +
      'says why it was not accepted',
    body: subscription,
    output: channel,
  }),
  deleteChannel: endpoint({
    method: 'DELETE',
    path: '/channels/{channel}',
    role: 'anyone',
    summary: 'Delete a channel: an admin any one, everybody else their own',
    params: z.object({ channel: name }),
    output: done,
  }),
  testChannel: endpoint({
    method: 'POST',
    path: '/channels/{channel}/test',
    role: 'anyone',
    summary:
      'Send a test message now, to any channel as an admin, otherwise to your own; the error is ' +
      'that of the channel',
    params: z.object({ channel: name }),
    output: done,
  }),
}
