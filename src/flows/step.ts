import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { waivedSubjects } from '#domains/gate/store.ts'
import { stepEnvironment } from '#domains/pipeline/step-environment.ts'
import { beginStep, endStep, getStep } from '#domains/pipeline/store.ts'
import { carryTests, failedTests } from '#domains/report/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { CommandResult } from '#platform/command.ts'
import { readReports, withReports } from './reports.ts'
import type { World } from './world.ts'

/** A command to run as a step of a run, whose row is in the database already. */
export interface StepRequest {
  run: number
  app: string
  sha: string
  name: string
  command: string
  directory: string
  timeout: number
  retry: number
  tools: string[]
  env: Record<string, string>
  masks: string[]
  /** the command of a further attempt, which runs only the tests that failed */
  rerun?: string | undefined
  /** patterns of the reports that it writes, and the folder that they must lie in */
  reports?: { patterns: string[]; workspace: string }
}

/** Where the log of one attempt is. */
export const logFile = (runs: string, run: number, step: string, attempt: number): string =>
  join(runs, String(run), 'log', step, `${attempt}.jsonl`)

/**
 * Runs a command, again as often as it may when it fails, and records each attempt. A runner that died gives no answer:
 * that throws, and the engine repeats the step as a new attempt.
 */
export async function executeStep(
  world: World,
  step: StepContext,
  request: StepRequest,
): Promise<{ passed: boolean; reason: string | null }> {
  const subject = { subject: `run/${request.run}/step/${request.name}`, app: request.app }
  await mkdir(join(world.home.runs, String(request.run), 'log', request.name), { recursive: true, mode: 0o700 })
  await mkdir(join(world.home.root, 'cache', request.app), { recursive: true, mode: 0o700 })
  for (let tries = 0; ; tries += 1) {
    step.write(beginStep(request.run, request.name))
    step.emit({ ...subject, type: 'dev.cdevents.taskrun.started', data: { name: request.name } })
    await step.flush()
    const attempt = (await getStep(world.db, request.run, request.name))?.attempt ?? 1
    const since = Date.now()
    const failed = tries > 0 && request.rerun !== undefined ? await writeFailed(world, request, attempt - 1) : null
    const result = await world.runner.run(
      {
        id: `${request.run}/${request.name}/${attempt}`,
        command: failed === null ? request.command : (request.rerun ?? request.command),
        cwd: request.directory,
        env: stepEnvironment({
          app: request.app,
          run: request.run,
          sha: request.sha,
          step: request.name,
          path: world.path,
          machine: world.machine,
          home: join(world.home.root, 'cache', request.app),
          extra: failed === null ? request.env : { ...request.env, FAIRLEAD_FAILED_TESTS: failed },
        }),
        timeoutMs: request.timeout,
        logFile: logFile(world.home.runs, request.run, request.name, attempt),
        masks: request.masks,
        tools: request.tools,
      },
      step.signal,
    )
    if (step.signal.aborted) throw step.signal.reason
    if (result.outcome === 'broken') throw new Error(result.reason ?? 'the step gave no answer')
    const { passed, reason } = await judge(world, request, { attempt, since, isPart: failed !== null }, result)
    step.write(
      endStep(request.run, request.name, {
        state: passed ? 'passed' : 'failed',
        exitCode: result.exitCode,
        reason,
        lines: result.lines,
      }),
    )
    step.emit({
      ...subject,
      type: 'dev.cdevents.taskrun.finished',
      data: { name: request.name, attempt, outcome: passed ? 'success' : 'failure', reason },
    })
    if (passed || tries >= request.retry) return { passed, reason }
    await step.flush()
  }
}

/** The names of the tests that failed in an attempt, one a line, in a file that the next one may read. */
async function writeFailed(world: World, request: StepRequest, attempt: number): Promise<string | null> {
  const failed = await failedTests(world.db, request.run, request.name, attempt)
  if (failed.length === 0) return null
  const file = join(world.home.runs, String(request.run), 'log', request.name, `${attempt}.failed`)
  await writeFile(file, `${failed.map(({ name }) => name).join('\n')}\n`)
  return file
}

/** Did an attempt pass: by its command, and by the reports that it wrote. */
async function judge(
  world: World,
  request: StepRequest,
  { attempt, since, isPart }: { attempt: number; since: number; isPart: boolean },
  { outcome, exitCode, reason }: CommandResult,
): Promise<{ passed: boolean; reason: string | null }> {
  const step = { passed: outcome === 'passed', exitCode: outcome === 'failed' ? exitCode : null, reason }
  if (!request.reports || request.reports.patterns.length === 0) return step
  const of = { app: request.app, run: request.run, step: request.name, attempt }
  const quarantined = await waivedSubjects(world.db, request.app, 'test')
  const read = await readReports(
    { ...request.reports, folder: request.directory, since, quarantined },
    { db: world.db, attempt: of },
  )
  if (isPart) await world.db.batch([carryTests(of)])
  return withReports(step, read)
}
