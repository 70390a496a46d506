import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { id, inEnvironment, limit } from '#contract/params.ts'
import { deployment, deploymentStates } from '#contract/run/run.ts'
import { deploymentDetail } from './before.ts'
import { watch } from './watch.ts'

/** Deployments and rollbacks. */
export const deploymentEndpoints = {
  rollback: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/rollback',
    role: 'operator',
    summary:
      'Roll an environment back to its last good release, or to a given deployment; refused, ' +
      'unless `force` is set with a reason, when the release does not work with what ran before ' +
      'later ones',
    params: inEnvironment,
    body: z.object({
      to: z.number().int().positive().optional(),
      reason: z.string().max(500).optional(),
      force: z.boolean().default(false),
    }),
    output: deployment,
  }),
  listDeployments: endpoint({
    method: 'GET',
    path: '/deployments',
    role: 'viewer',
    lists: true,
    summary: 'List deployments, newest first',
    query: z.object({
      app: name.optional(),
      environment: name.optional(),
      state: z.enum(deploymentStates).optional(),
      before: id.optional(),
      limit,
    }),
    output: z.object({ deployments: z.array(deployment), next: z.number().int().nullable() }),
  }),
  getDeployment: endpoint({
    method: 'GET',
    path: '/deployments/{deployment}',
    role: 'viewer',
    summary: 'Show a deployment',
    params: z.object({ deployment: id }),
    output: deploymentDetail,
  }),
  getWatch: endpoint({
    method: 'GET',
    path: '/deployments/{deployment}/watch',
    role: 'viewer',
    summary: 'Show how a deployment is watched since it has all of the traffic',
    params: z.object({ deployment: id }),
    output: watch,
  }),
}
