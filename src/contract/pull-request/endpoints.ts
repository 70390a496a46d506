import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { inApp, limit } from '#contract/params.ts'
import { pullRequest, pullRequestSync, pullRequestStates } from './pull-request.ts'

const inPullRequest = inApp.extend({
  number: z.coerce.number().int().positive().max(2_147_483_647),
})

/** The pull requests into the delivered branches. */
export const pullRequestEndpoints = {
  listPullRequests: endpoint({
    method: 'GET',
    path: '/apps/{app}/pull-requests',
    role: 'viewer',
    summary:
      'List the pull requests of an app, the open ones first, and when they were last synced',
    params: inApp,
    query: z.object({
      state: z.enum(pullRequestStates).optional(),
      limit,
    }),
    output: pullRequestSync.extend({ pullRequests: z.array(pullRequest) }),
  }),
  getPullRequest: endpoint({
    method: 'GET',
    path: '/apps/{app}/pull-requests/{number}',
    role: 'viewer',
    summary: 'Get a pull request with its newest run and its preview',
    params: inPullRequest,
    output: pullRequest,
  }),
  approvePullRequest: endpoint({
    method: 'POST',
    path: '/apps/{app}/pull-requests/{number}/approve',
    role: 'developer',
    summary:
      'Let the head of a pull request run with secrets, like a commit of the repository. ' +
      'A new head needs a new approval',
    params: inPullRequest,
    body: z.object({
      sha: z
        .string()
        .min(7)
        .max(64)
        .regex(/^[0-9a-f]+$/, 'must be a hexadecimal commit id'),
    }),
    output: pullRequest,
  }),
  runPullRequest: endpoint({
    method: 'POST',
    path: '/apps/{app}/pull-requests/{number}/run',
    role: 'developer',
    summary: 'Run the head of an open pull request again, which also restores a removed preview',
    params: inPullRequest,
    output: pullRequest,
  }),
}
