import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { done, id, inApp, inEnvironment } from '#contract/params.ts'
import { environment, line, serviceOutput } from './environment.ts'

/** Environments, what runs in them, and the line of an app through them. */
export const environmentEndpoints = {
  listLines: endpoint({
    method: 'GET',
    path: '/lines',
    role: 'viewer',
    lists: true,
    summary: 'List the lines of all apps: the place of each change on its way to production',
    output: z.object({ lines: z.array(line) }),
  }),
  getLine: endpoint({
    method: 'GET',
    path: '/apps/{app}/line',
    role: 'viewer',
    summary: 'Show the line of an app',
    params: inApp,
    output: line,
  }),
  getEnvironment: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}',
    role: 'viewer',
    summary: 'Show what runs in an environment, since when and from which change',
    params: inEnvironment,
    output: environment,
  }),
  removeEnvironment: endpoint({
    method: 'DELETE',
    path: '/apps/{app}/environments/{environment}',
    role: 'operator',
    summary:
      'Stop and remove an environment that is no longer in fairlead.yaml; its history remains',
    params: inEnvironment,
    output: done,
  }),
  getServiceLog: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/log',
    role: 'viewer',
    summary:
      'Show the last output of the services of an environment, and of its last failed deployment',
    params: inEnvironment,
    query: z.object({
      service: name.optional(),
      lines: z.coerce.number().int().min(1).max(2000).default(200),
      deployment: id.optional(),
    }),
    output: serviceOutput.extend({
      /** the last deployment that failed here, unless a later one succeeded */
      failed: serviceOutput.extend({ reason: z.string().nullable() }).nullable(),
    }),
  }),
}
