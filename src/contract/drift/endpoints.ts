import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { id, inEnvironment } from '#contract/params.ts'
import { drift, driftCheck, driftMachines } from './drift.ts'

const state = z.object({
  /** null before the first check */
  check: driftCheck.nullable(),
  /** what differs, the oldest first */
  differences: z.array(drift),
  /** null where the live release declares no machines, and before their first check */
  machines: driftMachines.nullable(),
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
    summary:
      'Compare what is declared, what is on disk and what runs, now, and begin to compare the ' +
      'machines with the playbook',
    params: inEnvironment,
    output: state,
  }),
  repairDrift: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/drift/{id}/repair',
    role: 'operator',
    summary:
      'Put a difference right: write the file again, restart the service if a rehearsal shows ' +
      'that it would come back, or begin to apply the playbook to the machine',
    params: inEnvironment.extend({ id }),
    output: state.extend({
      /** why the difference is still there, in one sentence; null when it is not */
      problem: z.string().nullable(),
      /** the run that applies the playbook to the machine; null when none is needed */
      machineRun: z.number().int().nullable(),
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
