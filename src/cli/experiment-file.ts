import { FairleadError } from '#contract/errors.ts'
import { type Context, exitCodes } from './context.ts'

export interface FileOptions {
  dryRun?: boolean
  detach?: boolean
  journal?: string
}

/** Whether an argument is the file of an experiment: a name of an app has no full stop. */
export const isExperimentFile = (argument: string): boolean => /\.(json|ya?ml)$/i.test(argument)

/** Runs a file of the Chaos Toolkit on this machine; with --dry-run, only reads it. */
export async function runFile(
  context: Context,
  file: string,
  { dryRun, detach, journal = 'journal.json' }: FileOptions,
): Promise<void> {
  if (detach === true)
    throw new FairleadError('invalid_input', {
      ...{ field: '--detach', problem: 'is for experiments of an app; a file runs here' },
    })
  const { chaos } = context.local
  if (dryRun === true) {
    const title = await chaos.check(file)
    return context.answer({ title }, () => [`${title}: the file is an experiment`])
  }
  const result = await chaos.run(file, { journal, signal: context.signal })
  const { title, status, deviated, problems } = result
  context.answer(result, () => [
    `${title}: ${status}${deviated ? ', the steady state deviated' : ''}`,
    ...problems.map((problem) => `- ${problem}`),
    `The journal is ${result.journal}`,
  ])
  if (status === 'interrupted') context.exit(exitCodes.interrupted)
  else if (status !== 'completed' || deviated) context.exit(exitCodes.no)
}
