import { z } from 'zod'

/**
 * What can differ between what is declared, what is on disk, and what runs:
 * - `release`: the artifact of the release
 * - `service`: a service, or the number of its instances
 * - `artifact`: an unpacked file of the artifact
 * - `file`: a configuration file
 * - `variable`, `argument`: what a process was started with
 * - `program`, `library`: a file that a process runs and that was replaced on disk
 * - `process`: the user, the memory limit or the folder of a process
 * - `setting`: an effective setting, as the last rehearsal has shown
 * - `task`: a task of the playbook that would change a machine, as check mode has shown
 */
export const driftKinds = [
  'release',
  'service',
  'artifact',
  'file',
  'variable',
  'argument',
  'program',
  'library',
  'process',
  'setting',
  'task',
] as const

/**
 * How a difference is put right: the file is written again, the service restarts, or both; `apply`:
 * the playbook is applied to the machine again. `deploy` means that only a new deployment brings
 * what is declared; `manual`, that no value is declared.
 */
export const driftRemedies = [
  'rewrite',
  'restart',
  'rewrite_and_restart',
  'apply',
  'deploy',
  'manual',
] as const
export type DriftRemedy = (typeof driftRemedies)[number]

/** A difference that the host found. */
export const driftDifference = z.object({
  /** null when it is about the release */
  service: z.string().nullable(),
  kind: z.enum(driftKinds),
  /** such as the path of a file or the name of a variable */
  name: z.string(),
  /**
   * The three values. Null when there is none, or when it is not known. Secrets are `secret 1`,
   * `secret 2`: the same number is the same value.
   */
  declared: z.string().nullable(),
  disk: z.string().nullable(),
  running: z.string().nullable(),
  isSecret: z.boolean(),
  /** whether the next restart of the service would change what runs; null: not known */
  atRestart: z.boolean().nullable(),
  remedy: z.enum(driftRemedies),
  /** when the file was changed; null when that is not known */
  changed: z.string().nullable(),
})
export type DriftDifference = z.infer<typeof driftDifference>

/** What the host compared, and the differences. */
export const driftReport = z.object({
  release: z.number().int(),
  /** at most 200 */
  differences: z.array(driftDifference),
  /** all of them */
  total: z.number().int(),
  /** files and processes that were compared */
  files: z.number().int(),
  processes: z.number().int(),
  ms: z.number().int(),
})
export type DriftReport = z.infer<typeof driftReport>

/** What only a difference of a machine has; null for others. */
const ofMachine = z.object({
  machine: z.string().nullable(),
  /** what the task would change, such as `copy /etc/motd` or `apt nginx` */
  object: z.string().nullable(),
  /** file and line of the task */
  place: z.string().nullable(),
  /** the difference: `-` is on the machine, `+` is what the playbook would write */
  diff: z.string().nullable(),
})
/** A difference with what is stored of a machine. */
export type FoundDifference = DriftDifference & Partial<z.infer<typeof ofMachine>>

/** A difference of an environment. */
export const drift = driftDifference.omit({ changed: true }).extend({
  id: z.number().int(),
  app: z.string(),
  environment: z.string(),
  release: z.number().int(),
  /** since when it exists: the change of the file, or the first check that found it */
  since: z.string(),
  ...ofMachine.shape,
})
export type Drift = z.infer<typeof drift>

/** The last check of an environment. */
export const driftCheck = z.object({
  release: z.number().int(),
  checked: z.string(),
  /** why it could not be checked, in one sentence; null when it was */
  problem: z.string().nullable(),
  /** all differences; more than are listed when there are more than 200 */
  total: z.number().int(),
  files: z.number().int(),
  processes: z.number().int(),
  ms: z.number().int(),
})
export type DriftCheck = z.infer<typeof driftCheck>

/** A machine that the last check compared. */
export const driftMachine = z.object({
  name: z.string(),
  /** `unknown`: it did not answer, or its tasks ended before all of it was compared */
  state: z.enum(['same', 'different', 'unknown']),
  /** why it is unknown, in one sentence; null when it is not */
  reason: z.string().nullable(),
  /** tasks that report a change at every run, so that they show no difference */
  repeating: z.array(z.string()),
  /** tasks that check mode skipped, which are not compared */
  skipped: z.array(z.string()),
})
export type DriftMachine = z.infer<typeof driftMachine>

/** The last comparison of the machines with the playbook of the live release, by check mode. */
export const driftMachines = z.object({
  /** the last run of the playbook, and whether it is in progress */
  run: z.number().int(),
  isRunning: z.boolean(),
  /** when the last one that ended did so; null before */
  checked: z.string().nullable(),
  /** why the machines could not be compared, in one sentence; null when they were */
  problem: z.string().nullable(),
  machines: z.array(driftMachine),
})
export type DriftMachines = z.infer<typeof driftMachines>
