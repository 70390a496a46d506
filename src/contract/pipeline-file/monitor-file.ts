import { z } from 'zod'
import { urgencies } from '#contract/alert/alert.ts'
import { name } from '#contract/app/app.ts'
import { freezeFile } from './freeze-file.ts'
import { duration, listOf, shorthand } from './shapes.ts'

/** In `from`: all hosts of the installation. */
export const everyHost = 'every-host'

/** The keys that every monitor in `fairlead.yaml` may have, beside the one of its kind. */
export const monitorKeys = {
  every: duration(1000)
    .optional()
    .describe('The interval between two checks; default: that of the kind'),
  timeout: duration(100).prefault('10s').describe('A check that takes longer has failed'),
  failures: z
    .number()
    .int()
    .min(1)
    .max(20)
    .optional()
    .describe(
      'How many checks must fail, one right after the other, before the monitor is down; ' +
        'default: that of the kind',
    ),
  recoveries: z
    .number()
    .int()
    .min(1)
    .max(20)
    .default(2)
    .describe('How many checks must succeed before the monitor is up again'),
  needs: listOf(name)
    .prefault([])
    .describe(
      'Monitors of the same file that this one depends on; while one of them is down, this one ' +
        'is unknown and raises no alert',
    ),
  from: listOf(name)
    .optional()
    .describe(
      'The hosts that check it: names of hosts, `local` for the machine of the server, or ' +
        '`every-host`; it is down when most of them say so; default: the host of the environment',
    ),
  environments: listOf(name)
    .prefault([])
    .describe('The environments that are watched; default: all of the file'),
  service: name
    .optional()
    .describe(
      'The service that is watched; its alerts are combined, and commands run with its ' +
        'variables; default: the first service for commands, otherwise none',
    ),
  urgency: z
    .enum(urgencies)
    .optional()
    .describe('The urgency of its alerts; default: `high` in the last environment, else `low`'),
  pulls: listOf(name)
    .prefault([])
    .describe(
      'Boolean switches that are turned off when this monitor is down; only a person turns them ' +
        'on again',
    ),
  maintenance: z
    .array(freezeFile)
    .max(20)
    .prefault([])
    .describe('Announced times in which nothing is judged, as a list of the keys of `freeze`'),
}

/** The settings of each kind are checked against the kind itself, by `domains/pipeline`. */
export const monitorFile = shorthand(null, z.looseObject(monitorKeys))

export type MonitorFile = z.output<typeof monitorFile>
