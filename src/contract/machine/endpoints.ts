import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { id, inApp, inEnvironment, limit } from '#contract/params.ts'
import { commandPage } from '#contract/job/host.ts'
import { machine, machineModes, machineRun } from './machine.ts'

const inRun = inApp.extend({ machineRun: id })

/** The machines of an environment, the plans for them, and their application. */
export const machineEndpoints = {
  listMachines: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/machines',
    role: 'viewer',
    summary: 'List the machines of an environment, and what was applied to each last',
    params: inEnvironment,
    output: z.object({ machines: z.array(machine) }),
  }),
  applyMachines: endpoint({
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/machines/apply',
    role: 'operator',
    summary: 'Apply the playbook of the live release to the machines again',
    params: inEnvironment,
    output: machineRun,
  }),
  listMachineRuns: endpoint({
    method: 'GET',
    path: '/apps/{app}/machine-runs',
    role: 'viewer',
    summary: 'List plans for machines, their applications and checks, newest first',
    params: inApp,
    query: z.object({
      environment: name.optional(),
      mode: z.enum(machineModes).optional(),
      /** only those of one commit */
      sha: z
        .string()
        .regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)
        .optional(),
      limit,
    }),
    output: z.object({ machineRuns: z.array(machineRun) }),
  }),
  getMachineRun: endpoint({
    method: 'GET',
    path: '/apps/{app}/machine-runs/{machineRun}',
    role: 'viewer',
    summary: 'Show a run of a playbook, with each machine and each change',
    params: inRun,
    output: machineRun,
  }),
  getMachineOutput: endpoint({
    method: 'GET',
    path: '/apps/{app}/machine-runs/{machineRun}/output',
    role: 'viewer',
    summary: 'Read what a run of a playbook does, by machine and task, with secrets masked',
    params: inRun,
    query: z.object({
      /** the position `next` of the answer before */
      after: z.coerce.number().int().min(0).default(0),
      /** milliseconds to wait for more */
      wait: z.coerce.number().int().min(0).max(20_000).default(0),
    }),
    output: commandPage.extend({ machineRun }),
  }),
  stopMachineRun: endpoint({
    method: 'POST',
    path: '/apps/{app}/machine-runs/{machineRun}/stop',
    role: 'operator',
    summary: 'Stop a run of a playbook; a task that runs on a machine may end in part',
    params: inRun,
    output: machineRun,
  }),
}
