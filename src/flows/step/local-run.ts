import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { StepFile } from '#contract/pipeline-file/step-file.ts'
import {
  buildGraph,
  type Graph,
  readySteps,
  skipReason,
  type StepOutcome,
  withNeeds,
} from '#domains/pipeline/graph.ts'
import { followLog, readLog } from '#domains/pipeline/log.ts'
import { partVariable } from '#domains/pipeline/expand.ts'
import { parametersOf } from '#domains/pipeline/parameters.ts'
import { filesOfPart } from '#domains/pipeline/split.ts'
import { stepEnvironment } from '#domains/pipeline/step-environment.ts'
import type { CommandResult, Runner } from '#platform/process/command.ts'
import { accountName } from '#platform/process/account.ts'
import { unconfined } from '#platform/process/isolation.ts'
import { logFile, type StoredLine } from '#platform/process/step-log.ts'
import { fileTime, findFiles } from '#platform/file/files.ts'
import { withServices } from './step-services.ts'
import { noTestFiles } from './test-selection.ts'
import { readReports, withReports } from './reports.ts'

/** A message of a local run about its progress. */
export type LocalRunMessage =
  | {
      kind: 'step'
      name: string
      state: 'running' | 'passed' | 'failed' | 'cancelled' | 'skipped'
      seconds: number | null
      reason: string | null
    }
  | { kind: 'line'; step: string; stream: 'out' | 'err' | 'fairlead'; text: string }

export interface LocalRun {
  folder: string
  pipeline: PipelineFile & { app: string }
  /** the steps to run, with the steps that they need; all when empty */
  steps: string[]
  runner: Runner
  /** how many steps run at the same time */
  parallel: number
  /** a new folder for the logs of this run */
  logs: string
  /** HOME of the steps: a folder for caches, separate from the HOME of the user */
  home: string
  /** environment of the user: provides PATH and the secrets that steps name */
  environment: Record<string, string | undefined>
  /** variables of the machine, from `platform/machine.ts` */
  machine: Record<string, string>
  sha: string
  branch: string
  report: (message: LocalRunMessage) => void
  signal: AbortSignal
  /** milliseconds */
  now: () => number
}

/**
 * Runs the steps of a pipeline in a local folder as a server would, with the same order,
 * environment, retries and timeouts. After the first failure no step starts, and running steps may
 * finish. Throws when a requested step does not exist.
 */
export async function localRun(run: LocalRun): Promise<{ passed: boolean }> {
  const graph = selectSteps(run)
  const outcomes = new Map<string, StepOutcome>()
  const running = new Map<string, Promise<void>>()
  let stop: string | null = null
  await mkdir(run.home, { recursive: true })
  for (;;) {
    if (run.signal.aborted) stop ??= 'cancelled'
    const ready =
      stop === null ? readySteps(graph, outcomes).filter((name) => !running.has(name)) : []
    for (const name of ready.slice(0, run.parallel - running.size)) {
      const work = runStep(run, name).then((passed) => {
        outcomes.set(name, passed ? 'passed' : 'failed')
        running.delete(name)
        if (!passed) stop ??= `step ${name} failed`
      })
      running.set(name, work)
    }
    if (running.size === 0) break
    await Promise.race(running.values())
  }
  for (const name of graph.keys()) {
    if (!outcomes.has(name))
      run.report({ kind: 'step', name, state: 'skipped', seconds: null, reason: stop })
  }
  return { passed: stop === null }
}

function selectSteps(run: LocalRun): Graph {
  const graph = buildGraph(run.pipeline.steps)
  const unknown = run.steps.find((name) => !graph.has(name))
  if (unknown !== undefined) throw new FairleadError('not_found', { kind: 'step', id: unknown })
  return run.steps.length === 0 ? graph : withNeeds(graph, run.steps)
}

async function runStep(run: LocalRun, name: string): Promise<boolean> {
  const step = run.pipeline.steps[name]
  if (!step) return false
  if (step.when.length > 0 && !step.when.includes('push') && !run.steps.includes(name)) {
    const reason = skipReason(step.when)
    run.report({ kind: 'step', name, state: 'skipped', seconds: null, reason })
    return true
  }
  const started = run.now()
  run.report({ kind: 'step', name, state: 'running', seconds: null, reason: null })
  await mkdir(join(run.logs, name), { recursive: true })
  for (let attempt = 1; ; attempt += 1) {
    const result = await runAttempt(run, name, step, attempt)
    const mayRetry = attempt <= step.retry && !run.signal.aborted && result.outcome !== 'cancelled'
    if (result.outcome === 'passed' || !mayRetry) {
      const seconds = (run.now() - started) / 1000
      run.report({ kind: 'step', name, state: stateOf(result), seconds, reason: result.reason })
      return result.outcome === 'passed' || (step.optional && result.outcome !== 'cancelled')
    }
    run.report({
      kind: 'line',
      step: name,
      stream: 'fairlead',
      text:
        `The step ${result.reason ?? 'failed'}; ` +
        `starting attempt ${attempt + 1} of ${step.retry + 1}.`,
    })
  }
}

function stateOf({ outcome }: CommandResult): 'passed' | 'failed' | 'cancelled' {
  if (outcome === 'passed' || outcome === 'cancelled') return outcome
  return 'failed'
}

async function runAttempt(
  run: LocalRun,
  name: string,
  step: StepFile,
  attempt: number,
): Promise<CommandResult> {
  const secrets = namedSecrets(step, run.environment)
  const file = logFile(run.logs, name, attempt)
  const ended = new AbortController()
  const lines = showLines(run, name, file, ended.signal)
  const { parameters } = parametersOf(run.pipeline, {})
  const environment = (extra: Record<string, string>): Record<string, string> =>
    stepEnvironment({
      app: run.pipeline.app,
      run: 'local',
      sha: run.sha,
      branch: run.branch,
      step: name,
      path: run.environment['PATH'] ?? '/usr/bin:/bin',
      user: accountName({ kind: 'none', problem: '' }),
      home: run.home,
      machine: run.machine,
      extra: { ...step.env, ...parameters, ...secrets, ...extra },
    })
  const cwd = join(run.folder, step.directory)
  const masks = Object.values(secrets)
  const services = {
    run: 'local',
    step: name,
    attempt,
    services: step.services,
    runner: run.runner,
    logs: run.logs,
    cwd,
    environment,
    masks,
    confined: unconfined,
    limits: undefined,
  }
  const since = await fileTime(run.logs)
  try {
    const { value, problem } = await withServices(
      { ...services, signal: run.signal },
      async (variables) => {
        const tests = await selectTests(run, name, step)
        if (tests.problem !== null) return failed(tests.problem)
        const env = environment({ ...variables, ...tests.variables })
        const spec = {
          id: `local/${name}/${attempt}`,
          command: step.run,
          cwd,
          env,
          timeoutMs: step.timeout,
          logFile: file,
          masks,
          tools: step.tools,
        }
        return run.runner.run(spec, run.signal)
      },
    )
    const result = value ?? failed(problem)
    if (step.reports.length === 0 || result.outcome === 'cancelled') return result
    const request = {
      patterns: step.reports,
      folder: cwd,
      workspace: run.folder,
      since,
      quarantined: new Set<string>(),
      masks,
      signal: run.signal,
    }
    const reports = await readReports(request, null)
    for (const pattern of reports.unmatched) {
      const text = `reports: the pattern "${pattern}" matches no report that the step wrote`
      run.report({ kind: 'line', step: name, stream: 'fairlead', text })
    }
    const { passed, reason } = withReports(
      { passed: result.outcome === 'passed', exitCode: result.exitCode, reason: result.reason },
      reports,
    )
    return {
      ...result,
      outcome: passed || result.outcome !== 'passed' ? result.outcome : 'failed',
      reason,
    }
  } finally {
    ended.abort()
    await lines
  }
}

const failed = (reason: string | null): CommandResult => ({
  outcome: 'failed',
  exitCode: null,
  reason,
  lines: 0,
})

/** Lists the test files of a part. Only a server knows the duration of tests in earlier runs. */
async function selectTests(
  run: LocalRun,
  name: string,
  step: StepFile,
): Promise<{ problem: null; variables: Record<string, string> } | { problem: string }> {
  if (!step.split?.files) return { problem: null, variables: {} }
  const files = await findFiles(join(run.folder, step.directory), step.split.files)
  if (files.length === 0) return { problem: noTestFiles(step.split.files) }
  const mine = filesOfPart(files, [], Number(step.env[partVariable] ?? 1), step.split.into)
  const file = join(run.logs, name, 'tests')
  await writeFile(file, mine.map((path) => `${path}\n`).join(''))
  return { problem: null, variables: { FAIRLEAD_TESTS: file } }
}

/** Secrets are taken from the environment of the user. */
function namedSecrets(
  step: StepFile,
  environment: LocalRun['environment'],
): Record<string, string> {
  return Object.fromEntries(
    step.secrets.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
  )
}

/** Reports the lines of a log as they are written, and the remaining lines after the command. */
async function showLines(
  run: LocalRun,
  step: string,
  file: string,
  ended: AbortSignal,
): Promise<void> {
  let last = 0
  // A line is shown when it has ended, because steps run at the same time.
  const show = (line: StoredLine): void => {
    last = line.n
    run.report({ kind: 'line', step, stream: line.stream, text: line.text })
  }
  for await (const line of followLog(file, { after: 0, isComplete: async () => false }, ended))
    if (line.open === undefined) show(line)
  for (;;) {
    const { lines } = await readLog(file, { after: last, limit: 10_000 })
    lines.forEach(show)
    if (lines.length === 0) return
  }
}
