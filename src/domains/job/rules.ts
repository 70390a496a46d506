import { Cron } from 'croner'
import type { CommandEnd } from '#contract/job/host.ts'
import type { JobRunState } from '#contract/job/job.ts'
import type { JobFile } from '#contract/pipeline-file/job-file.ts'

export type Schedule = Pick<JobFile, 'schedule' | 'zone'>

const hour = 3_600_000
/** Spans in which a newest time is searched, so that a long absence costs little. */
const spans = [hour, 24 * hour, 32 * 24 * hour, 366 * 24 * hour]

/** A time that is later than this was missed: no server was running then. */
export const missedAfter = 5 * 60_000

/** The first time of a schedule after `last`, in its time zone; null when there is none. */
export function nextTime({ schedule, zone }: Schedule, last: Date): Date | null {
  const times = schedule.flatMap(
    (pattern) =>
      new Cron(pattern, { paused: true, timezone: zone, mode: '5-part' }).nextRun(last) ?? [],
  )
  return times.toSorted((a, b) => a.getTime() - b.getTime())[0] ?? null
}

/** The newest time of a schedule after `last` and not after `now`; null when there is none. */
export function newestTime(schedule: Schedule, last: Date, now: Date): Date | null {
  const isDue = (time: Date | null): time is Date => time !== null && time <= now
  if (!isDue(nextTime(schedule, last))) return null
  for (const span of [...spans, Infinity]) {
    let due = nextTime(schedule, new Date(Math.max(last.getTime(), now.getTime() - span)))
    if (!isDue(due)) continue
    for (let next = nextTime(schedule, due); isDue(next); next = nextTime(schedule, due)) due = next
    return due
  }
  return null
}

/** A run of the same job that has not ended. */
export interface OpenRun {
  id: number
  state: JobRunState
}

/** What a run that is due becomes: it waits for its start, or is skipped with the reason. */
export function admit(
  { overlap, missed }: Pick<JobFile, 'overlap' | 'missed'>,
  { due, now, open }: { due: Date | null; now: Date; open: readonly OpenRun[] },
): { state: 'waiting' | 'skipped'; reason: string | null } {
  const skip = (reason: string) => ({ state: 'skipped' as const, reason })
  if (due !== null && missed === 'skip' && now.getTime() - due.getTime() > missedAfter)
    return skip('no server was running at that time')
  const [first] = open
  const waiting = open.find(({ state }) => state === 'waiting')
  if (overlap === 'skip' && first) return skip(`run ${first.id} had not ended`)
  if (overlap === 'wait' && waiting) return skip(`run ${waiting.id} waited already`)
  return { state: 'waiting', reason: null }
}

/** The state of a run whose command has ended. */
export function stateOf({ kind, exit }: Pick<CommandEnd, 'kind' | 'exit'>): JobRunState {
  if (kind === 'exited') return exit === 0 ? 'passed' : 'failed'
  return kind === 'not_started' ? 'failed' : kind
}

/** Whether the schedule of a job applies in an environment. */
export const isScheduledIn = (
  { schedule, environments }: Pick<JobFile, 'schedule' | 'environments'>,
  environment: string,
): boolean =>
  schedule.length > 0 && (environments.length === 0 || environments.includes(environment))
