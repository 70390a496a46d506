import { z } from 'zod'
import { id } from '#contract/params.ts'
import { decisionKinds, permission, timeLost } from './decision.ts'
import { endpoint } from '#contract/endpoint.ts'

/** What deployments wait for before they may begin: people, and calendars. */
export const permissionEndpoints = {
  getPermission: endpoint({
    method: 'GET',
    path: '/deployments/{deployment}/permission',
    role: 'viewer',
    summary:
      'What a deployment waits for before it may begin, what was decided, and the time lost to it',
    params: z.object({ deployment: id }),
    output: permission,
  }),
  decideDeployment: endpoint({
    method: 'POST',
    path: '/deployments/{deployment}/decisions',
    role: 'developer',
    summary: 'Approve or refuse a deployment that waits, or let it go in spite of a freeze',
    params: z.object({ deployment: id }),
    body: z.object({
      kind: z.enum(decisionKinds),
      comment: z.string().trim().max(1000).default(''),
    }),
    output: permission,
  }),
  listTimeLost: endpoint({
    method: 'GET',
    path: '/apps/{app}/time-lost',
    role: 'viewer',
    summary: 'How long deployments waited for approval and freezes, by environment',
    params: z.object({ app: z.string() }),
    query: z.object({ days: z.coerce.number().int().min(1).max(366).default(30) }),
    output: z.object({ environments: z.array(timeLost) }),
  }),
}
