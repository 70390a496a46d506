import { z } from 'zod'

/**
 * `plan`: what a deployment would change, by check mode; `apply`: the change itself; `check`: what
 * differs from the playbook of the live release, by check mode.
 */
export const machineModes = ['plan', 'apply', 'check'] as const
export type MachineMode = (typeof machineModes)[number]

/** `lost`: nothing shows how it ended, because the host or its machine died. */
export const machineRunStates = ['running', 'passed', 'failed', 'stopped', 'lost'] as const
export type MachineRunState = (typeof machineRunStates)[number]

/**
 * `waiting`: its batch has not begun; `running`: its batch runs; `unknown`: its batch ended before
 * all tasks of the machine did.
 */
const machineStates = [
  ...(['waiting', 'running', 'ok', 'changed', 'failed', 'unreachable', 'unknown'] as const),
] as const

/** What a run did on one machine. */
export const machineResult = z.object({
  name: z.string(),
  state: z.enum(machineStates),
  /** tasks that changed something, or would; failed ones; and all that ran */
  changed: z.number().int(),
  failed: z.number().int(),
  tasks: z.number().int(),
  /** why it failed or is unreachable, in one sentence; null when it did neither */
  reason: z.string().nullable(),
  /** what the task that failed printed, its last 4,000 characters; null when there is no more */
  output: z.string().nullable().default(null),
  /** the first tasks that check mode skipped, because their module cannot tell what would change */
  skipped: z.array(z.string()).default([]),
})
export type MachineResult = z.infer<typeof machineResult>

/** A task that changed a machine, or would change it. */
export const machineChange = z.object({
  machine: z.string(),
  task: z.string(),
  /** file and line of the task; null when Ansible does not report them */
  at: z.string().nullable(),
  /** what the task changes, such as `copy /etc/motd`; null when it does not say */
  object: z.string().nullable().default(null),
  /** the difference, as Ansible shows it; null when there is none to show */
  diff: z.string().nullable(),
})
export type MachineChange = z.infer<typeof machineChange>

/**
 * A plan for the machines of an environment, its application, or a check. Times are ISO 8601 UTC.
 */
export const machineRun = z.object({
  id: z.number().int(),
  app: z.string(),
  environment: z.string(),
  mode: z.enum(machineModes),
  playbook: z.string(),
  sha: z.string(),
  release: z.number().int(),
  /** null when a person requested it */
  deployment: z.number().int().nullable(),
  state: z.enum(machineRunStates),
  /** why it did not pass, in one sentence without its full stop; null when it did */
  reason: z.string().nullable(),
  machines: z.array(machineResult),
  /** at most 300, the first ones */
  changes: z.array(machineChange),
  /** all changes */
  total: z.number().int(),
  actor: z.string(),
  started: z.string(),
  ended: z.string().nullable(),
})
export type MachineRun = z.infer<typeof machineRun>

/** A task of a playbook, and its file and line. */
export const machineTask = machineChange.pick({ task: true, at: true })
export type MachineTask = z.infer<typeof machineTask>

/** A machine, as the last run that reached it left it. */
export const machine = machineResult.extend({
  app: z.string(),
  environment: z.string(),
  /** the release whose playbook was applied, and its commit */
  release: z.number().int(),
  sha: z.string(),
  /** the run that applied it */
  run: z.number().int(),
  applied: z.string(),
  /** tasks that reported a change right after the application; null before the first check */
  repeating: z.array(machineTask).nullable(),
})
export type Machine = z.infer<typeof machine>
