import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { waivedSubjects } from '#domains/gate/store.ts'
import {
  addWarnings,
  beginStep,
  endStep,
  getStep,
  reuseStep,
  setStepReason,
} from '#domains/pipeline/store.ts'
import { carryTests } from '#domains/report/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import { fileTime } from '#platform/file/files.ts'
import { listTree } from '#platform/git/tree.ts'
import { runFolders } from '#platform/home.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { CommandResult } from '#platform/process/command.ts'
import { describe } from '#platform/process/isolation.ts'
import { formatLine, logFile } from '#platform/process/step-log.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { runAttempt } from './attempt.ts'
import { keepResult, restoreCache, resultKey, reuseResult, saveCache } from './cache.ts'
import { homeOf, ownerOf, stepsOf } from './confinement.ts'
import { readReports, withReports } from './reports.ts'
import type { StepRequest, StepResult, WarnedRequest } from './request.ts'
import { type Slot, slotReason } from './slots.ts'
import { writeFailedTests } from './test-selection.ts'

/**
 * Runs a step, with the retries of its file, and records each attempt. Reuses the result of an
 * earlier run when the inputs are the same. Throws when the runner died, so that the engine repeats
 * the step as a new attempt.
 */
export async function executeStep(
  deps: Dependencies,
  step: StepContext,
  given: StepRequest,
): Promise<StepResult> {
  const warnings = new Set<string>()
  const warn = (text: string): void => void warnings.add(`step ${given.name}: ${text}`)
  const request = { ...given, warn }
  await mkdir(logFolder(deps, request), { recursive: true, mode: 0o700 })
  const home = homeOf(deps, { ...request, isPullRequest: request.pullRequest !== null })
  await mkdir(home, { recursive: true, mode: 0o700 })
  const owner = ownerOf(deps, stepsOf(request.app, request.isTrusted))
  const cached = {
    ...request,
    folder: request.directory,
    environment: { ...request.file.env, ...request.env },
    owner,
  }
  const key = await resultKey(cached)
  const reused = await reuseResult(deps, cached, key)
  if (reused) return recordReused(deps, step, request, reused)
  const slot = await takeSlot(step, request)
  try {
    const cache = await restoreCache(deps, cached)
    for (let retries = 0; ; retries += 1) {
      const { attempt, result, passed, reason } = await takeAttempt(deps, step, request, {
        cache: cache?.state ?? null,
        isRetry: retries > 0,
      })
      if (passed && request.pullRequest === null) {
        for (const statement of await saveCache(deps, cached, attempt, cache)) step.write(statement)
        for (const statement of await keepResult(deps, cached, attempt, key)) step.write(statement)
      }
      if (warnings.size > 0) step.write(addWarnings(request.run, [...warnings]))
      step.write(
        endStep(request.run, request.name, {
          state: passed ? 'passed' : 'failed',
          exitCode: result.exitCode,
          reason,
          lines: result.lines,
        }),
      )
      step.emit({
        ...subjectOf(request),
        type: 'dev.cdevents.taskrun.finished',
        data: { name: request.name, attempt, outcome: passed ? 'success' : 'failure', reason },
      })
      if (passed || retries >= request.file.retry) return { passed, reason }
      await step.flush()
    }
  } finally {
    slot?.free()
  }
}

/** Waits for its turn; while it waits, the reason of the step says so. */
async function takeSlot(step: StepContext, request: StepRequest): Promise<Slot | null> {
  const { slots } = request
  if (slots === undefined) return null
  const free = slots.tryTake()
  if (free !== null) return free
  step.write(setStepReason(request.run, request.name, slotReason(slots)))
  await step.flush()
  return slots.take(step.signal)
}

const logFolder = ({ home }: Dependencies, { run, name }: StepRequest): string =>
  join(runFolders(home, run).log, name)

const subjectOf = ({ run, name, app }: StepRequest) => ({
  subject: `run/${run}/step/${name}`,
  app,
})

/** Starts the next attempt in the database, runs it, and judges it. */
async function takeAttempt(
  deps: Dependencies,
  step: StepContext,
  request: WarnedRequest,
  { cache, isRetry }: { cache: 'hit' | 'near' | 'miss' | null; isRetry: boolean },
): Promise<StepResult & { attempt: number; result: CommandResult }> {
  const { run, name, file } = request
  const user = stepsOf(request.app, request.isTrusted)
  const isolation = describe(deps.isolation, { app: user, network: file.network })
  step.write(beginStep(run, name, { cache, isolation }))
  step.emit({ ...subjectOf(request), type: 'dev.cdevents.taskrun.started', data: { name } })
  await step.flush()
  const attempt = (await getStep(deps.db, run, name))?.attempt ?? 1
  const since = await fileTime(logFolder(deps, request))
  const failedTests =
    isRetry && file.rerun !== undefined ? await writeFailedTests(deps, request, attempt - 1) : null
  const result = await runAttempt(deps, step.signal, request, attempt, failedTests)
  if (step.signal.aborted) throw step.signal.reason
  if (result.outcome === 'broken') throw new Error(result.reason ?? 'the runner did not answer')
  const isPart = failedTests !== null
  const how = { attempt, since, isPart, signal: step.signal }
  const judged = await judge(deps, request, how, result)
  return { attempt, result, ...judged }
}

/** Passes the step with the result of an earlier run, and writes so to its log. */
async function recordReused(
  deps: Dependencies,
  step: StepContext,
  request: StepRequest,
  { run, statements }: { run: number; statements: Statement[] },
): Promise<StepResult> {
  const { name } = request
  const text = `The result of run ${run} is reused, because all inputs of the step are the same.`
  const line = formatLine({ n: 1, time: deps.clock.now(), stream: 'fairlead', text })
  await writeFile(logFile(runFolders(deps.home, request.run).log, name, 1), line)
  step.write(reuseStep(request.run, name, run))
  for (const statement of statements) step.write(statement)
  const subject = subjectOf(request)
  step.emit({ ...subject, type: 'dev.cdevents.taskrun.started', data: { name } })
  step.emit({
    ...subject,
    type: 'dev.cdevents.taskrun.finished',
    data: { name, attempt: 1, outcome: 'success', reused: run },
  })
  return { passed: true, reason: null }
}

/** Judges an attempt by its command and by the reports that it wrote. */
async function judge(
  deps: Dependencies,
  request: WarnedRequest,
  how: { attempt: number; since: number; isPart: boolean; signal: AbortSignal },
  { outcome, exitCode, reason }: CommandResult,
): Promise<StepResult> {
  const command = {
    passed: outcome === 'passed',
    exitCode: outcome === 'failed' ? exitCode : null,
    reason,
  }
  if (request.file.reports.length === 0) return command
  const key = { app: request.app, run: request.run, step: request.name, attempt: how.attempt }
  const reports = await readReports(
    {
      patterns: request.file.reports,
      workspace: request.workspace,
      folder: request.directory,
      since: how.since,
      signal: how.signal,
      quarantined: await waivedSubjects(deps.db, request.app, 'test'),
      masks: request.masks,
    },
    { db: deps.db, attempt: key, listFiles: () => listFiles(deps, request) },
  )
  for (const pattern of reports.unmatched)
    request.warn(`reports: the pattern "${pattern}" matches no report that the step wrote`)
  if (how.isPart) await deps.db.batch([carryTests(key)])
  return withReports(command, reports)
}

/**
 * The paths of the commit. Reads them from the bare repository, because git obeys the configuration
 * of the workspace, which the step may have changed.
 */
async function listFiles(deps: Dependencies, { app, sha }: StepRequest): Promise<string[]> {
  return listTree(deps.source.bareOf(app), sha)
}
