import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { id, inEnvironment } from '#contract/params.ts'
import { drift, driftCheck } from './drift.ts'

const state = z.object({
  /** null before the first check */
  check: driftCheck.nullable(),
  /** what differs, the oldest first */
  differences: z.array(drift),
})

/** Where an environment differs from what is declared. */
export const driftEndpoints = {
  listDrift: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/drift',
    role: 'viewer',
    summary: 'List where what is on disk and what runs differ from what is declared',
    params: inEnvironment,
    output: state,
  }),
  checkDrift: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/drift',
    role: 'operator',
    summary: 'Compare what is declared, what is on disk and what runs, now',
    params: inEnvironment,
    output: state,
  }),
  repairDrift: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/drift/{id}/repair',
    role: 'operator',
    summary:
      'Put a difference right: write the file again, or restart the service if a rehearsal shows ' +
      'that it would come back',
    params: inEnvironment.extend({ id }),
    output: state.extend({
      /** why the difference is still there, in one sentence; null when it is not */
      problem: z.string().nullable(),
    }),
  }),
  getDriftPatch: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/drift/{id}/patch',
    role: 'operator',
    summary:
      'Show the patch of the repository that makes a configuration file on disk the declared one',
    params: inEnvironment.extend({ id }),
    output: z.object({
      /** for `git apply` */
      patch: z.string(),
      /** whether the repository is hosted here, so that it can be taken over as a commit */
      isHosted: z.boolean(),
    }),
  }),
  takeOverDrift: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/drift/{id}/take-over',
    role: 'developer',
    summary: 'Commit that patch to a new branch of a hosted repository, on top of the live commit',
    params: inEnvironment.extend({ id }),
    output: z.object({ branch: z.string(), commit: z.string() }),
  }),
}
