import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { done, id } from '#contract/params.ts'
import { verdictView } from './verdict.ts'

const inDeployment = z.object({ deployment: id })

/** Canaries and their verdicts. */
export const verdictEndpoints = {
  getVerdict: endpoint({
    method: 'GET',
    path: '/deployments/{deployment}/verdict',
    role: 'viewer',
    summary: 'Show the verdict on a canary, its share of the traffic, and the evidence',
    params: inDeployment,
    output: verdictView,
  }),
  promoteCanary: endpoint({
    method: 'POST',
    path: '/deployments/{deployment}/promote',
    role: 'operator',
    summary: 'Route all traffic to a canary without waiting for its verdict',
    params: inDeployment,
    output: done,
  }),
}
