import { Cron } from 'croner'
import { z } from 'zod'
import { durationWords } from '#contract/time-words.ts'
import { cron, zone } from '#contract/pipeline-file/time-shapes.ts'
import { longDuration, shorthand } from '#contract/pipeline-file/shapes.ts'
import { type Beats, defineMonitorKind, down, type Finding, up } from '../monitor-kind.ts'

const settings = shorthand(
  'each',
  z
    .strictObject({
      each: longDuration().optional().describe('The longest time between two calls, such as `1h`'),
      cron: cron
        .optional()
        .describe(
          'Instead of `each`: when the job begins, such as `0 3 * * *`; up to a minute early is ' +
            'in time',
        ),
      zone: zone.optional().describe('The time zone of `cron`; default: UTC'),
      grace: longDuration()
        .prefault('5m')
        .describe('How late a call may be before the monitor is down'),
      longest: longDuration()
        .optional()
        .describe('How long a job that reports its start may take; default: any time'),
    })
    .refine(({ each, cron: pattern }) => (each === undefined) !== (pattern === undefined), {
      message: 'must have either `each` or `cron`',
    }),
)
type Settings = z.output<typeof settings>

export default defineMonitorKind({
  kind: 'heartbeat',
  title: 'A job calls in time, and does not fail',
  settings,
  example: { cron: '0 3 * * *', zone: 'Europe/Vienna', longest: '30m' },
  every: 5000,
  failures: 1,
  onServer: async (wanted, io) => judge(wanted, await io.beats(), io.now()),
})

/** What the calls of a job say. Pure; times are in milliseconds since 1970. */
export function judge(wanted: Settings, beats: Beats | null, now: number): Finding {
  const last = beats === null ? null : (beats.ended ?? beats.started)
  if (beats === null || last === null)
    return { state: 'unknown', reason: 'the job has not called yet' }
  const { started, ended, isFailed, message } = beats
  const isRunning = started !== null && (ended === null || started > ended)
  if (isRunning && wanted.longest !== undefined && now - started > wanted.longest)
    return down(`the job has been running for ${durationWords(now - started)}`)
  const called = Math.max(started ?? 0, ended ?? 0)
  const due = dueAfter(wanted, called, started ?? called) + wanted.grace
  if (now > due && !(isRunning && wanted.longest !== undefined))
    return down(`the job last called ${durationWords(now - called)} ago`)
  if (isFailed && !isRunning)
    return down(message === '' ? 'the job failed' : `the job failed: ${message}`)
  return up
}

/** The clock of the machine with the job may be so much ahead. */
const longestEarlyMs = 60_000

/**
 * When the next call is due, after a call of a job that began at `begun`. A job that began shortly
 * before its time began for that time, and not late for the one before.
 */
function dueAfter(
  { each, cron: pattern, zone: timezone = 'UTC', grace }: Settings,
  called: number,
  begun: number,
): number {
  if (each !== undefined) return called + each
  const cron = new Cron(pattern ?? '', { paused: true, timezone, mode: '5-part' })
  const after = (time: number): number => cron.nextRun(new Date(time))?.getTime() ?? Infinity
  const next = after(begun)
  const early = Math.min(grace, longestEarlyMs, (after(next) - next) / 2)
  return Math.max(after(called), next - begun <= early ? after(next) : next)
}
