import { FairleadError } from '#contract/errors.ts'
import { nameOfActor } from '#contract/event/event.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { Job, JobRun, Terminal } from '#contract/job/job.ts'
import type { JobFile } from '#contract/pipeline-file/job-file.ts'
import { admit, isScheduledIn, nextTime } from '#domains/job/rules.ts'
import * as store from '#domains/job/store.ts'
import { appendEvent } from '#engine/events.ts'
import { mustHave } from '#flows/deployment/handlers.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import { hostOfRun, targetOfRun } from './run-target.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { sqlState } from '#platform/postgres/postgres.ts'
import { liveJobsOf, type LiveJobs } from '#views/job.ts'
import { endOf } from './advance.ts'

type JobEndpoints =
  | 'listJobs'
  | 'runJob'
  | 'runCommand'
  | 'listJobRuns'
  | 'getJobRun'
  | 'getJobOutput'
  | 'stopJobRun'

export interface JobHandlerParts {
  deps: Pick<Dependencies, 'db' | 'targets' | 'clock'>
  makeKey(): string
  /** called when a run waits for its start */
  onQueued(): void
}

/** Jobs, commands of people, and their runs. */
export function jobHandlers(parts: JobHandlerParts): SomeHandlers<JobEndpoints> {
  const { deps } = parts
  const { db } = deps
  return {
    listJobs: async ({ params: { app, environment } }) => {
      await mustHave(db, app, environment)
      const live = await liveJobsOf(db, app, environment)
      const last = await store.lastJobRuns(db, app, environment)
      const now = new Date(deps.clock.now())
      const all = Object.entries(live?.jobs ?? {})
      return { jobs: all.map(([name, file]) => describe(name, file, { environment, last, now })) }
    },
    runJob: async ({ params: { app, environment, job } }, caller) => {
      const live = await mustBeLive(deps, app, environment)
      const file = Object.hasOwn(live.jobs, job) ? live.jobs[job] : undefined
      if (!file) throw new FairleadError('not_found', { kind: 'job', id: job })
      await mustOverlap(parts, live, job, file)
      return request(parts, live, caller, {
        ...{ ...file, job, overlaps: file.overlap === 'allow', host: null, terminal: null },
      })
    },
    runCommand: async ({ params: { app, environment }, body }, caller) => {
      const live = await mustBeLive(deps, app, environment)
      const { command, service, timeout, host = null, terminal = null } = body
      if (service !== undefined && !Object.hasOwn(live.services, service))
        throw new FairleadError('not_found', { kind: 'service', id: service })
      const found = hostOfRun(await targetOfRelease(deps, live.release), host)
      if ('problem' in found)
        throw new FairleadError('invalid_input', { field: 'host', problem: found.problem })
      const late = 600_000
      const wanted = { run: command, service, timeout, late, host, terminal }
      return request(parts, live, caller, { ...wanted, job: null, overlaps: true })
    },
    listJobRuns: async ({ params: { app }, query }) => {
      const runs = await store.listJobRuns(db, { app, ...query })
      return { jobRuns: runs.map(toJobRun) }
    },
    getJobRun: async ({ params }) => toJobRun(await mustFind(parts, params)),
    getJobOutput: async ({ params, query: { after, wait } }) => {
      const run = await mustFind(parts, params)
      const page = await outputOf(parts, run, after, wait)
      // It has ended on its target: its end is stored now, and not at the next poll.
      if (page.complete && run.ended === null) parts.onQueued()
      return { ...page, jobRun: toJobRun(await mustFind(parts, params)) }
    },
    stopJobRun: async ({ params }, caller) => {
      const run = await mustFind(parts, params)
      if (run.ended !== null) throw new FairleadError('not_now', { why: 'The run has ended' })
      await db.batch([
        store.askJobRunToStop(run.id),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-job.stopping',
          ...{ subject: `job-run/${run.id}`, chain: `app/${run.app}`, app: run.app, actor: caller },
          data: { environment: run.environment, job: run.job },
        }),
      ])
      if (run.state === 'waiting') await stopWaiting(parts, run, caller)
      parts.onQueued()
      return toJobRun(await mustFind(parts, params))
    },
  }
}

/** A run that begins at the same moment is stopped by its server. */
async function stopWaiting(
  { deps }: JobHandlerParts,
  run: store.StoredJobRun,
  caller: Caller,
): Promise<void> {
  const reason = `${nameOfActor(caller)} stopped it before it started`
  try {
    await deps.db.batch(endOf(run, { state: 'stopped', exit: null, reason }))
  } catch (error) {
    if (sqlState(error) !== '22012') throw error
  }
}

function describe(
  name: string,
  file: JobFile,
  { environment, last, now }: { environment: string; last: store.StoredJobRun[]; now: Date },
): Job {
  const { run: command, schedule, zone, overlap } = file
  const next = isScheduledIn(file, environment) ? nextTime(file, now) : null
  const run = last.find((one) => one.job === name)
  return {
    ...{ name, command, schedule, zone, overlap, next: next?.toISOString() ?? null },
    last: run ? toJobRun(run) : null,
  }
}

const toJobRun = ({
  key: _key,
  timeout: _timeout,
  overlaps: _overlaps,
  ...run
}: store.StoredJobRun): JobRun => run

export async function mustFind(
  { deps }: { deps: Pick<Dependencies, 'db'> },
  { app, jobRun }: { app: string; jobRun: number },
): Promise<store.StoredJobRun> {
  const run = await store.getJobRun(deps.db, app, jobRun)
  if (!run) throw new FairleadError('not_found', { kind: 'run of a job', id: String(jobRun) })
  return run
}

async function mustBeLive(
  deps: JobHandlerParts['deps'],
  app: string,
  environment: string,
): Promise<LiveJobs> {
  await mustHave(deps.db, app, environment)
  const live = await liveJobsOf(deps.db, app, environment)
  if (!live) throw new FairleadError('not_now', { why: `Nothing is live in ${app}/${environment}` })
  const target = await targetOfRelease(deps, live.release)
  if (!target.commands)
    throw new FairleadError('not_now', { why: `${target.title} cannot run a command` })
  return live
}

async function mustOverlap(
  { deps }: JobHandlerParts,
  { app, environment }: LiveJobs,
  job: string,
  file: JobFile,
): Promise<void> {
  const open = (await store.openJobRuns(deps.db)).filter(
    (one) => one.app === app && one.environment === environment && one.job === job,
  )
  const { state, reason } = admit(file, { due: null, now: new Date(deps.clock.now()), open })
  if (state === 'skipped')
    throw new FairleadError('not_now', { why: `${job} cannot run now: ${reason ?? ''}` })
}

interface Wanted extends Pick<JobFile, 'run' | 'timeout' | 'late' | 'service'> {
  /** null for a command of a person */
  job: string | null
  overlaps: boolean
  host: string | null
  terminal: Terminal | null
}

async function request(
  parts: JobHandlerParts,
  { app, environment }: LiveJobs,
  caller: Caller,
  { job, run: command, service, timeout, late, overlaps, host, terminal }: Wanted,
): Promise<JobRun> {
  const { db } = parts.deps
  const id = await store.nextJobRun(db)
  await db.batch([
    store.insertJobRun({
      ...{ id, app, environment, job, key: parts.makeKey(), command, service: service ?? null },
      ...{ timeout, late, overlaps, trigger: 'request', actor: nameOfActor(caller) },
      ...{ due: null, host, state: 'waiting', reason: null, terminal },
    }),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-job.requested',
      ...{ subject: `job-run/${id}`, chain: `app/${app}`, app, actor: caller },
      data: { environment, job, command, ...(terminal === null ? {} : { terminal: true }) },
    }),
  ])
  parts.onQueued()
  return toJobRun(await mustFind(parts, { app, jobRun: id }))
}

async function outputOf(
  { deps }: JobHandlerParts,
  run: store.StoredJobRun,
  after: number,
  wait: number,
) {
  const nothing = { lines: [], next: after, skipped: 0, complete: run.ended !== null }
  if (run.release === null) return nothing
  const target = await targetOfRun(deps, { release: run.release, host: run.host })
  return (await target.commands?.output(run, run.key, after, wait)) ?? nothing
}
