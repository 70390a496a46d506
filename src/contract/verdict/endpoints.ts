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
    summary: 'What is known of a canary: its share, its judgement, and how it came about',
    params: inDeployment,
    output: verdictView,
  }),
  promoteCanary: endpoint({
    method: 'POST',
    path: '/deployments/{deployment}/promote',
    role: 'operator',
    summary: 'Give a canary all of the traffic without waiting for its verdict',
    params: inDeployment,
    output: done,
  }),
}
