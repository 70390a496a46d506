import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { command, duration, listOf, shorthand } from './shapes.ts'
import { cron, zone } from './time-shapes.ts'

/** What happens when a run is due while an earlier one of the same job is in progress. */
export const overlaps = ['skip', 'wait', 'allow'] as const

export const jobFile = shorthand(
  'run',
  z.strictObject({
    run: command.describe('The command, run by `sh -c` in the files of the live release'),
    schedule: listOf(cron)
      .prefault([])
      .describe('When it runs, as cron expressions such as `0 3 * * *`; default: only on request'),
    zone: zone
      .default('UTC')
      .describe('The time zone of `schedule`, such as `Europe/Vienna`; default: `UTC`'),
    overlap: z
      .enum(overlaps)
      .default('skip')
      .describe(
        'What happens while an earlier run is in progress: the new one is skipped (`skip`), ' +
          'waits for its end (`wait`), or runs at the same time (`allow`)',
      ),
    missed: z
      .enum(['run', 'skip'])
      .default('run')
      .describe(
        'What happens when no server was running at a time: one late run for all times that ' +
          'were missed, or none',
      ),
    timeout: duration(1).prefault('1h').describe('A run is stopped after this time, and fails'),
    late: duration(1000)
      .prefault('10m')
      .describe('An alert opens when a run has not started this long after its time'),
    service: name
      .optional()
      .describe(
        'The service whose variables, files, directory and data folder it gets; default: the ' +
          'first service with a command',
      ),
    environments: listOf(name)
      .prefault([])
      .describe('The environments in which `schedule` applies; default: all'),
  }),
)
export type JobFile = z.output<typeof jobFile>
