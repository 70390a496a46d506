import { FairleadError } from '#contract/errors.ts'
import type { CommandStatus } from '#contract/job/host.ts'
import type { JobRunState } from '#contract/job/job.ts'
import type { TargetCommands } from '#domains/deployment/target.ts'
import { stateOf } from '#domains/job/rules.ts'
import * as store from '#domains/job/store.ts'
import { appendEvent } from '#engine/events.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import { hostOfRun, targetOfRun } from './run-target.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { sqlState } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { liveJobsOf } from '#views/job.ts'

export type JobDependencies = Pick<Dependencies, 'db' | 'targets' | 'log'>

/**
 * Starts the runs that wait, and stores how those in progress ended. Every part can be repeated: a
 * run is stored as running before its target is asked to start it, and the target starts a key
 * once.
 */
export async function advanceJobRuns(deps: JobDependencies, signal: AbortSignal): Promise<void> {
  for (const run of await store.openJobRuns(deps.db)) {
    if (signal.aborted) return
    try {
      await (run.state === 'waiting' ? begin(deps, run) : follow(deps, run))
    } catch (error) {
      if (isAway(error) || isOvertaken(error)) continue
      deps.log.warn('a run of a job could not be advanced', {
        ...{ app: run.app, environment: run.environment, jobRun: run.id },
        error: (error as Error).message,
      })
    }
  }
}

/** The target does not answer now. */
const isAway = (error: unknown): boolean =>
  error instanceof FairleadError && error.code === 'unavailable'

/** Another server changed the run, or another run of its job is in progress. */
const isOvertaken = (error: unknown): boolean => ['22012', '23505'].includes(sqlState(error) ?? '')

async function begin(deps: JobDependencies, run: store.StoredJobRun): Promise<void> {
  const { db } = deps
  const { app, environment, job, trigger } = run
  const live = await liveJobsOf(db, app, environment)
  if (!live) return
  const { release, chain } = live
  const found = hostOfRun(await targetOfRelease(deps, release), run.host)
  if ('problem' in found) return void (await db.batch(endOf(run, failed(found.problem))))
  const { host } = found
  await db.batch([
    store.beginJobRun(run.id, release, host),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-job.started',
      ...{ subject: `job-run/${run.id}`, chain, app },
      data: { environment, job, release, trigger },
    }),
  ])
  await follow(deps, { ...run, release, host, state: 'running' })
}

async function follow(deps: JobDependencies, run: store.StoredJobRun): Promise<void> {
  const end = await outcome(deps, run)
  if (end) await deps.db.batch(endOf(run, end))
}

type End = { state: JobRunState; exit: number | null; reason: string | null }

/** Starts the command unless its target knows it; returns how it ended, or null while it runs. */
async function outcome(deps: JobDependencies, run: store.StoredJobRun): Promise<End | null> {
  const release = run.release ?? 0
  const target = await targetOfRun(deps, { release, host: run.host })
  const { commands } = target
  if (!commands) return failed(`${target.title} cannot run a command`)
  try {
    const status = await statusOf(commands, run, release)
    if (!status.end) return null
    const { exit, reason } = status.end
    return { state: stateOf(status.end), exit, reason }
  } catch (error) {
    if (isAway(error) || !(error instanceof FairleadError)) throw error
    return failed(error.message.replace(/\.$/, ''))
  }
}

const failed = (reason: string): End => ({ state: 'failed', exit: null, reason })

async function statusOf(
  commands: TargetCommands,
  run: store.StoredJobRun,
  release: number,
): Promise<CommandStatus> {
  // A target that does not know the key refuses to start it later.
  if (run.stopping) return commands.stop(run, run.key)
  const known = await commands.look(run, run.key)
  if (known) return known
  const { service, command, timeout, terminal } = run
  const wanted = { release, service, run: command, timeout }
  return commands.start(run, run.key, { ...wanted, ...(terminal === null ? {} : { terminal }) })
}

/** Stores the end of a run with its event; fails when the run has another state by now. */
export function endOf(run: store.StoredJobRun, end: End): Statement[] {
  const { id, app, environment, job, release } = run
  return [
    store.endJobRun(id, run.state, end),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-job.ended',
      ...{ subject: `job-run/${id}`, chain: `app/${app}`, app },
      data: { environment, job, release, ...end },
    }),
  ]
}

/** Deletes old runs, and their output on the targets. */
export async function cleanJobRuns(deps: JobDependencies): Promise<void> {
  for (const run of await store.oldJobRuns(deps.db)) {
    if (run.release !== null) {
      const place = { release: run.release, host: run.host }
      const target = await targetOfRun(deps, place).catch(() => null)
      // The row goes last, so that an interrupted removal is repeated.
      if (target?.commands) await target.commands.remove(run, run.key)
    }
    await deps.db.query(store.deleteJobRun(run.id))
  }
}
