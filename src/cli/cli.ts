import { Command, CommanderError } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import { jsonText, stripControlCodes } from './format.ts'
import { createContext, type CliEnvironment, exitCodeOf, exitCodes } from './context.ts'
import { groups } from './commands.ts'

/** Runs one command line; resolves with the exit code. Never throws. */
export async function runCli(args: string[], environment: CliEnvironment): Promise<number> {
  let code: number = exitCodes.done
  const program = createProgram(environment, (next) => (code = next))
  try {
    await program.parseAsync(withCurrentName(args), { from: 'user' })
    return environment.signal.aborted && code === exitCodes.done ? exitCodes.interrupted : code
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    if (environment.signal.aborted) return exitCodes.interrupted
    report(environment, error, args.includes('--json'))
    return exitCodeOf(error)
  }
}

/** Commands that were renamed, and their names. The former ones work, and no help shows them. */
const renamed = new Map([
  ['forge', 'provider'],
  ['verdict', 'canary'],
])

/** The arguments with the current name of the command. */
function withCurrentName(args: string[]): string[] {
  const at = args.findIndex((arg) => !arg.startsWith('-'))
  return args.map((arg, index) => (index === at ? (renamed.get(arg) ?? arg) : arg))
}

/** The whole command line as data: for execution, help, completion and docs/cli.md. */
export function createProgram(environment: CliEnvironment, exit: (code: number) => void): Command {
  const program = new Command('fairlead')
  program
    .description('Takes changes from the commit to production, with evidence at every step.')
    .version(environment.local.version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .option('--json', 'print JSON')
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead up              deliver the repository of this folder\n  $ fairlead status          what runs where\n  $ fairlead help exit-codes\n',
    )
    .configureOutput({
      writeOut: (text) => environment.stdout.write(text),
      writeErr: (text) => environment.stderr.write(text),
    })
    .exitOverride()
  const context = createContext(environment, () => program.opts(), exit)
  for (const [heading, registrations] of Object.entries(groups)) {
    program.commandsGroup(heading)
    for (const register of registrations) register(program, context)
  }
  for (const command of allCommands(program)) prepare(command, program)
  return program
}

/** `--json` is also accepted after the command. */
function prepare(command: Command, program: Command): void {
  command.exitOverride().showSuggestionAfterError().configureOutput(program.configureOutput())
  if (command.commands.length > 0) return
  command.option('--json', 'print JSON')
  command.hook('preAction', (_this, action) => {
    if (action.opts()['json'] !== true) return
    program.setOptionValue('json', true)
    // Commands send their options to the server, which refuses unknown fields.
    action.setOptionValue('json', undefined)
  })
}

export function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)])
}

function report(environment: CliEnvironment, error: unknown, isJson: boolean): void {
  const known = error instanceof FairleadError ? error : null
  if (isJson) {
    environment.stdout.write(
      `${jsonText(known?.toProblem() ?? { code: 'internal', title: (error as Error).message })}\n`,
    )
    return
  }
  environment.stderr.write(`fairlead: ${stripControlCodes((error as Error).message)}\n`)
  if (known) environment.stderr.write(`  ${stripControlCodes(known.next)}\n`)
}
