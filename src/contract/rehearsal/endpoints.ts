import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { inEnvironment, limit } from '#contract/params.ts'
import { expectedPause } from '#contract/deployment/before.ts'
import { rehearsal } from './rehearsal.ts'

/** Whether the services of an environment would come back, and their restart. */
export const rehearsalEndpoints = {
  listRehearsals: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/rehearsals',
    role: 'viewer',
    summary: 'Show whether each service would come back after a restart, and the last rehearsals',
    params: inEnvironment,
    query: z.object({ service: name.optional(), limit }),
    output: z.object({
      /** the services of the release that is live, and the last rehearsal of each */
      services: z.array(
        z.object({
          service: z.string(),
          /** null when it was never rehearsed */
          rehearsal: rehearsal.nullable(),
          /** why the state is out of date, in a few words; null when it is not */
          outdated: z.string().nullable(),
          /** how long clients wait at a restart of a service that runs once; null when not known */
          expectedPause: expectedPause.nullable().default(null),
        }),
      ),
      rehearsals: z.array(rehearsal),
    }),
  }),
  rehearse: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/rehearsals',
    role: 'operator',
    summary:
      'Start a second instance of a service apart from the world, with what is on disk now, and ' +
      'report whether the service would come back',
    params: inEnvironment,
    body: z.object({ service: name }),
    output: rehearsal,
  }),
  restartService: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/restart',
    role: 'operator',
    summary:
      'Restart the instances of a service one after another; refused, unless `force` is set with ' +
      'a reason, when a rehearsal shows that the service would not come back',
    params: inEnvironment,
    body: z.object({
      service: name,
      force: z.boolean().default(false),
      reason: z.string().trim().max(500).default(''),
    }),
    output: z.object({
      /** the rehearsal before the restart; null when the restart was forced */
      rehearsal: rehearsal.nullable(),
      /** why an instance is not healthy again, in one sentence; null when all are */
      problem: z.string().nullable(),
    }),
  }),
}
