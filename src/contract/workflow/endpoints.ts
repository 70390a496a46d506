import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'

/** A workflow that was suspended because the server crashed while it ran it. */
const suspendedWorkflow = z.object({
  /** its kind and number, such as `delivery/7` or `rollback/9` */
  id: z.string(),
  app: z.string().nullable(),
  reason: z.string(),
})

const inWorkflow = z.object({
  workflow: z.string().regex(/^[a-z_]+\/[1-9]\d{0,14}$/, 'must be a name such as delivery/7'),
})

/** The workflows that the server does not run until someone decides. */
export const workflowEndpoints = {
  listWorkflows: endpoint({
    method: 'GET',
    path: '/workflows',
    role: 'viewer',
    lists: true,
    summary: 'List the workflows that were suspended because the server crashed while it ran them',
    output: z.object({ workflows: z.array(suspendedWorkflow) }),
  }),
  continueWorkflow: endpoint({
    method: 'POST',
    path: '/workflows/{workflow}/continue',
    role: 'operator',
    summary: 'Continue a suspended workflow; the `/` of its id is encoded as %2F',
    params: inWorkflow,
    output: suspendedWorkflow,
  }),
  cancelWorkflow: endpoint({
    method: 'POST',
    path: '/workflows/{workflow}/cancel',
    role: 'operator',
    summary: 'Cancel a suspended workflow without running it',
    params: inWorkflow,
    output: suspendedWorkflow,
  }),
}
