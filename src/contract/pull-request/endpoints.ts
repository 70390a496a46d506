import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { pullRequest, pullRequestLook, pullRequestStates } from './pull-request.ts'

const ofApp = z.object({ app: name })
const ofPullRequest = ofApp.extend({
  number: z.coerce.number().int().positive().max(2_147_483_647),
})

/** What is proposed for the branch that is delivered. */
export const pullRequestEndpoints = {
  listPullRequests: endpoint({
    method: 'GET',
    path: '/apps/{app}/pull-requests',
    role: 'viewer',
    summary:
      'The pull requests of an app, those that are open first, and when it was last known what is open',
    params: ofApp,
    query: z.object({
      state: z.enum(pullRequestStates).optional(),
      limit: z.coerce.number().int().min(1).max(500).default(50),
    }),
    output: pullRequestLook.extend({ pullRequests: z.array(pullRequest) }),
  }),
  getPullRequest: endpoint({
    method: 'GET',
    path: '/apps/{app}/pull-requests/{number}',
    role: 'viewer',
    summary: 'One pull request, its newest run and its preview',
    params: ofPullRequest,
    output: pullRequest,
  }),
  approvePullRequest: endpoint({
    method: 'POST',
    path: '/apps/{app}/pull-requests/{number}/approve',
    role: 'developer',
    summary:
      'Let the head of a pull request run as if it were from the repository itself; a new head needs it anew',
    params: ofPullRequest,
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
    summary:
      'Run the head of an open pull request again; brings its preview back when that was removed',
    params: ofPullRequest,
    output: pullRequest,
  }),
}
