import type { StepFile } from '#contract/pipeline-file/step-file.ts'
import { stepEnvironment } from '#domains/pipeline/step-environment.ts'
import { runFolders } from '#platform/home.ts'
import type { CommandResult } from '#platform/process/command.ts'
import { logFile } from '#platform/process/step-log.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { accountName } from '#platform/process/account.ts'
import { confineStep, homeOf } from './confinement.ts'
import type { StepRequest, WarnedRequest } from './request.ts'
import { withServices } from './step-services.ts'
import { selectTests } from './test-selection.ts'

/**
 * Runs one attempt of a step: its services, then its command. `failedTests` is the file with the
 * tests that failed in the attempt before, when only these are to run.
 */
export async function runAttempt(
  deps: Dependencies,
  signal: AbortSignal,
  request: WarnedRequest,
  attempt: number,
  failedTests: string | null,
): Promise<CommandResult> {
  const { file } = request
  const tests = await selectTests(deps, request)
  if (tests.problem !== null) return failed(tests.problem)
  const lists = {
    ...(failedTests === null ? {} : { FAIRLEAD_FAILED_TESTS: failedTests }),
    ...tests.variables,
  }
  const isPullRequest = request.pullRequest !== null
  const { confined, limits, description } = await confineStep(deps, {
    app: request.app,
    run: request.run,
    step: request.name,
    network: file.network,
    isPullRequest,
    isTrusted: request.isTrusted,
    workspace: request.workspace,
    cwd: request.directory,
    readable: Object.values(lists),
  })
  const problem = confinementProblem(request, confined.helpers.length > 0, description)
  if (problem !== null) return failed(problem)
  const environment = (variables: Record<string, string>): Record<string, string> =>
    stepEnvironment({
      app: request.app,
      run: request.run,
      sha: request.sha,
      step: request.name,
      path: deps.path,
      machine: deps.machine,
      user: accountName(deps.isolation),
      home: homeOf(deps, { ...request, isPullRequest }),
      ...(request.pullRequest === null ? {} : { pullRequest: request.pullRequest }),
      extra: { ...file.env, ...request.env, ...variables, ...lists },
    })
  const logs = runFolders(deps.home, request.run).log
  const common = { cwd: request.directory, masks: request.masks, confined }
  const services = { run: request.run, step: request.name, attempt, services: file.services, logs }
  const ran = await withServices(
    { ...services, ...common, limits, environment, runner: deps.runner, signal },
    (variables) =>
      deps.runner.run(
        {
          ...common,
          ...(limits === undefined ? {} : { limits }),
          id: `${request.run}/${request.name}/${attempt}`,
          command: failedTests === null ? file.run : (file.rerun ?? file.run),
          env: environment(variables),
          timeoutMs: file.timeout,
          logFile: logFile(logs, request.name, attempt),
          notes: request.notes ?? [],
          tools: file.tools,
        },
        signal,
      ),
  )
  return ran.value ?? failed(ran.problem)
}

const failed = (reason: string): CommandResult => ({
  outcome: 'failed',
  exitCode: null,
  reason,
  lines: 0,
})

/** Why a step must not run with the isolation that is in force; null when it may. */
function confinementProblem(
  { file, isTrusted }: StepRequest,
  isConfined: boolean,
  description: string,
): string | null {
  const image = imageOf(file)
  if (!isTrusted && image !== undefined)
    return (
      `service ${image} is an image, which is not run for a head from another repository ` +
      'until somebody approves the commit'
    )
  if (isConfined) return null
  if (!isTrusted)
    return `code from other repositories runs only with isolation, and isolation is ${description}`
  if (!file.network) return `\`network: false\` needs isolation, and isolation is ${description}`
  return null
}

/** The first service that is an image: Docker runs it outside the isolation of steps. */
const imageOf = ({ services }: StepFile): string | undefined =>
  Object.entries(services).find(([, service]) => service.image !== undefined)?.[0]
