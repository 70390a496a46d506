import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StepFile } from '#contract/pipeline-file/step-file.ts'
import { waivedSubjects } from '#domains/gate/store.ts'
import { partVariable } from '#domains/pipeline/expand.ts'
import { filesOfPart } from '#domains/pipeline/split.ts'
import { stepEnvironment } from '#domains/pipeline/step-environment.ts'
import { beginStep, endStep, getStep, reuseStep } from '#domains/pipeline/store.ts'
import { carryTests, failedTests, pastTests } from '#domains/report/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { CommandResult } from '#platform/process/command.ts'
import { describe } from '#platform/process/isolation.ts'
import { formatLine, logFile } from '#platform/process/step-log.ts'
import { fileTime, findFiles } from '#platform/file/files.ts'
import { git } from '#platform/git/git.ts'
import { runFolders } from '#platform/home.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { withServices } from './step-services.ts'
import { keepResult, restoreCache, resultKey, reuseResult, saveCache } from './cache.ts'
import { confineStep, homeOf, ownerOf, stepsOf } from './confinement.ts'
import { readReports, withReports } from './reports.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** A command to run as a step of a run, whose row is in the database already. */
export interface StepRequest {
  run: number
  app: string
  sha: string
  name: string
  file: StepFile
  /** of which it tries the head; it keeps nothing for other runs */
  pullRequest: number | null
  /** false: a stranger's */
  isTrusted: boolean
  /** the top of the repository, and where in it the command runs */
  workspace: string
  directory: string
  /** variables beside those of its file: secrets, parameters, what the release is reached by */
  env: Record<string, string>
  masks: string[]
  /** lines of ours that its log begins with */
  notes?: string[]
}

/**
 * Runs a command, again as often as it may when it fails, and records each attempt. A step whose
 * inputs are those of an earlier run is not run again. A runner that died gives no answer: that
 * throws, and the engine repeats the step as a new attempt.
 */
export async function executeStep(
  deps: Dependencies,
  step: StepContext,
  request: StepRequest,
): Promise<{ passed: boolean; reason: string | null }> {
  const subject = { subject: `run/${request.run}/step/${request.name}`, app: request.app }
  const { log } = runFolders(deps.home, request.run)
  await mkdir(join(log, request.name), { recursive: true, mode: 0o700 })
  const home = homeOf(deps, { ...request, isPullRequest: request.pullRequest !== null })
  await mkdir(home, { recursive: true, mode: 0o700 })
  const cached = {
    ...request,
    folder: request.directory,
    environment: { ...request.file.env, ...request.env },
  }
  const key = await resultKey(cached)
  const user = stepsOf(request.app, request.isTrusted)
  const owner = ownerOf(deps, user)
  const reused = await reuseResult(deps, { ...cached, owner }, key)
  if (reused) return await standIn(deps, step, request, reused)
  const cache = await restoreCache(deps, { ...cached, owner })
  for (let tries = 0; ; tries += 1) {
    step.write(
      beginStep(request.run, request.name, {
        cache,
        isolation: describe(deps.isolation, { app: user, network: request.file.network }),
      }),
    )
    step.emit({ ...subject, type: 'dev.cdevents.taskrun.started', data: { name: request.name } })
    await step.flush()
    const attempt = (await getStep(deps.db, request.run, request.name))?.attempt ?? 1
    const since = await fileTime(join(log, request.name))
    const failed =
      tries > 0 && request.file.rerun !== undefined
        ? await writeFailed(deps, request, attempt - 1)
        : null
    const result = await runAttempt(deps, step.signal, request, attempt, failed)
    if (step.signal.aborted) throw step.signal.reason
    if (result.outcome === 'broken') throw new Error(result.reason ?? 'the step gave no answer')
    const { passed, reason } = await judge(
      deps,
      request,
      { attempt, since, isPart: failed !== null },
      result,
    )
    if (passed && request.pullRequest === null) {
      for (const statement of await saveCache(deps, cached, attempt, cache)) step.write(statement)
      for (const statement of await keepResult(deps, cached, attempt, key)) step.write(statement)
    }
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
    if (passed || tries >= request.file.retry) return { passed, reason }
    await step.flush()
  }
}

/** The result of an earlier run stands for the step. Its log says so. */
async function standIn(
  deps: Dependencies,
  step: StepContext,
  request: StepRequest,
  { run, statements }: { run: number; statements: Statement[] },
): Promise<{ passed: boolean; reason: string | null }> {
  const { name } = request
  const text = `It is not run again: all that it depends on is as in run ${run}.`
  const line = formatLine({ n: 1, time: deps.clock.now(), stream: 'fairlead', text })
  await writeFile(logFile(runFolders(deps.home, request.run).log, name, 1), line)
  step.write(reuseStep(request.run, name, run))
  for (const statement of statements) step.write(statement)
  const subject = { subject: `run/${request.run}/step/${name}`, app: request.app }
  step.emit({ ...subject, type: 'dev.cdevents.taskrun.started', data: { name } })
  step.emit({
    ...subject,
    type: 'dev.cdevents.taskrun.finished',
    data: { name, attempt: 1, outcome: 'success', reused: run },
  })
  return { passed: true, reason: null }
}

/** One attempt: the services beside it, then its command. */
async function runAttempt(
  deps: Dependencies,
  signal: AbortSignal,
  request: StepRequest,
  attempt: number,
  failed: string | null,
): Promise<CommandResult> {
  const { file } = request
  const refused = request.isTrusted ? null : whyNotStrange(file)
  if (refused !== null) return { outcome: 'failed', exitCode: null, reason: refused, lines: 0 }
  const isPullRequest = request.pullRequest !== null
  const own: Record<string, string> = {
    ...(failed === null ? {} : { FAIRLEAD_FAILED_TESTS: failed }),
    ...(await ownTests(deps, request)),
  }
  const { words, said } = await confineStep(deps, {
    ...{ app: request.app, run: request.run, step: request.name, network: file.network },
    ...{ isPullRequest, isTrusted: request.isTrusted },
    ...{ workspace: request.workspace, cwd: request.directory, readable: Object.values(own) },
  })
  if (!request.isTrusted && words.length === 0)
    return {
      outcome: 'failed',
      exitCode: null,
      reason: `what strangers propose runs isolated only, and isolation is ${said}`,
      lines: 0,
    }
  if (!file.network && words.length === 0)
    return {
      outcome: 'failed',
      exitCode: null,
      reason: `it is to have no network, and isolation is ${said}`,
      lines: 0,
    }
  const environment = (extra: Record<string, string>): Record<string, string> =>
    stepEnvironment({
      app: request.app,
      run: request.run,
      sha: request.sha,
      step: request.name,
      path: deps.path,
      machine: deps.machine,
      home: homeOf(deps, { ...request, isPullRequest }),
      ...(request.pullRequest === null ? {} : { pullRequest: request.pullRequest }),
      extra: { ...file.env, ...request.env, ...extra, ...own },
    })
  const { log: logs } = runFolders(deps.home, request.run)
  const beside = {
    ...{
      run: request.run,
      step: request.name,
      attempt,
      services: file.services,
      runner: deps.runner,
    },
    ...{ confined: words, cwd: request.directory, environment, masks: request.masks, signal },
    logs,
  }
  const { value, problem } = await withServices(beside, (variables) =>
    deps.runner.run(
      {
        id: `${request.run}/${request.name}/${attempt}`,
        command: failed === null ? file.run : (file.rerun ?? file.run),
        cwd: request.directory,
        env: environment(variables),
        timeoutMs: file.timeout,
        logFile: logFile(logs, request.name, attempt),
        masks: request.masks,
        notes: request.notes ?? [],
        confined: words,
        tools: file.tools,
      },
      signal,
    ),
  )
  return value ?? { outcome: 'failed', exitCode: null, reason: problem, lines: 0 }
}

/** What a step of a stranger may not have: Docker runs images outside of what isolates steps. */
function whyNotStrange({ services }: StepFile): string | null {
  const image = Object.entries(services).find(([, one]) => one.image !== undefined)?.[0]
  return image === undefined
    ? null
    : `service ${image} is an image, which is not run for a head from another repository until somebody approves the commit`
}

/** Of a step in parts, the files of this part, one a line. */
async function ownTests(deps: Dependencies, request: StepRequest): Promise<Record<string, string>> {
  const { split, env } = request.file
  if (!split?.files) return {}
  const found = await findFiles(request.directory, split.files)
  const past = await pastTests(deps.db, request.app, request.run)
  const mine = filesOfPart(found, past, Number(env[partVariable] ?? 1), split.into)
  const file = join(runFolders(deps.home, request.run).log, request.name, 'tests')
  await writeFile(file, mine.map((path) => `${path}\n`).join(''))
  return { FAIRLEAD_TESTS: file }
}

/**
 * The names of the tests that failed in an attempt, one a line, in a file that the next one may
 * read.
 */
async function writeFailed(
  deps: Dependencies,
  request: StepRequest,
  attempt: number,
): Promise<string | null> {
  const failed = await failedTests(deps.db, request.run, request.name, attempt)
  if (failed.length === 0) return null
  const file = join(runFolders(deps.home, request.run).log, request.name, `${attempt}.failed`)
  await writeFile(file, `${failed.map(({ name }) => name).join('\n')}\n`)
  return file
}

/** Did an attempt pass: by its command, and by the reports that it wrote. */
async function judge(
  deps: Dependencies,
  request: StepRequest,
  { attempt, since, isPart }: { attempt: number; since: number; isPart: boolean },
  { outcome, exitCode, reason }: CommandResult,
): Promise<{ passed: boolean; reason: string | null }> {
  const step = {
    passed: outcome === 'passed',
    exitCode: outcome === 'failed' ? exitCode : null,
    reason,
  }
  if (request.file.reports.length === 0) return step
  const of = { app: request.app, run: request.run, step: request.name, attempt }
  const quarantined = await waivedSubjects(deps.db, request.app, 'test')
  const read = await readReports(
    {
      ...{
        patterns: request.file.reports,
        workspace: request.workspace,
        folder: request.directory,
      },
      ...{ since, quarantined, masks: request.masks },
    },
    { db: deps.db, attempt: of, listFiles: () => filesOf(deps, request) },
  )
  if (isPart) await deps.db.batch([carryTests(of)])
  return withReports(step, read)
}

/**
 * From our own repository: git obeys the configuration of the workspace's, which the step may have
 * written.
 */
async function filesOf(deps: Dependencies, { app, sha }: StepRequest): Promise<string[]> {
  const { stdout } = await git(deps.source.bareOf(app), [
    'ls-tree',
    '-r',
    '--name-only',
    '-z',
    '--end-of-options',
    sha,
  ])
  return stdout.split('\0').filter(Boolean)
}
