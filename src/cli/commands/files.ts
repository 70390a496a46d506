import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import type { RunMessage } from '../local.ts'
import { createPaint, state, stripControlCodes } from '../format.ts'
import type { Register } from '../register.ts'
import { type Context, exitCodes } from '../context.ts'

export const register: Register = (program, context) => {
  program
    .command('init')
    .argument('[directory]', 'folder of the repository, or of an app in it', '.')
    .option('--print', 'print the file without writing it')
    .description('write a fairlead.yaml based on the contents of the repository')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead init\n  $ fairlead init --print ../shop\n' +
        '  $ fairlead init apps/web',
    )
    .action(async (directory: string, options: { print?: boolean }) =>
      propose(context, directory, options.print === true, await context.local.init(directory)),
    )
  program
    .command('import')
    .argument('<kind>', 'kamal, compose or procfile')
    .argument('[directory]', 'folder of the repository, or of an app in it', '.')
    .option('--print', 'print the file without writing it')
    .description(
      'write a fairlead.yaml from the file of another tool: config/deploy.yml, compose.yaml or ' +
        'Procfile; says what it cannot take over',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead import kamal\n  $ fairlead import compose --print ../shop',
    )
    .action(async (kind: string, directory: string, options: { print?: boolean }) =>
      propose(
        context,
        directory,
        options.print === true,
        await context.local.import(kind, directory),
      ),
    )
  program
    .command('check')
    .argument('[directory]', 'the folder of fairlead.yaml, or a folder in it', '.')
    .description('check fairlead.yaml and summarise it')
    .addHelpText('after', '\nExamples:\n  $ fairlead check && git push')
    .action((directory: string) => check(context, directory))
  run(program, context)
}

interface ProposedFile {
  file: string
  exists: boolean
  text: string
  found: string[]
}

async function propose(
  context: Context,
  directory: string,
  printOnly: boolean,
  proposal: ProposedFile,
): Promise<void> {
  if (proposal.exists && !printOnly)
    throw new FairleadError('already_exists', { kind: 'file', id: proposal.file })
  if (!printOnly) await writeFile(proposal.file, proposal.text, { flag: 'wx' })
  const notes = proposal.found.map((one) => `  ${one}`)
  context.answer(proposal, () =>
    printOnly
      ? [proposal.text.trimEnd()]
      : [
          ...notes,
          `Wrote ${proposal.file}. Review it, commit it, then run: fairlead up${
            directory === '.' ? '' : ` ${directory}`
          }`,
        ],
  )
  // Standard output is the file.
  if (printOnly && !context.isJson())
    context.stderr.write(notes.map((note) => `${stripControlCodes(note)}\n`).join(''))
}

async function check(context: Context, directory: string): Promise<void> {
  const checked = await context.local.check(directory)
  const paint = createPaint(context.isLively())
  context.answer(checked, () =>
    checked.problems.length === 0
      ? [
          paint.good(`✔ ${checked.file}`),
          ...checked.summary.map((line) => `  ${line}`),
          ...checked.warnings.map((line) => `  warning: ${line}`),
        ]
      : checked.problems.map(
          (one) => `${checked.file}:${one.line}:${one.column}: ${one.problem}; ${one.hint}`,
        ),
  )
  if (checked.problems.length > 0) context.exit(exitCodes.no)
}

function run(program: Command, context: Context): void {
  program
    .command('run')
    .argument('[steps...]', 'only these steps and the steps they need')
    .option('-C, --directory <directory>', 'the folder of fairlead.yaml, or a folder in it', '.')
    .description('run the steps of fairlead.yaml on this machine, as the server does')
    .addHelpText('after', '\nExamples:\n  $ fairlead run\n  $ fairlead run test lint')
    .action(async (steps: string[], options: { directory: string }) => {
      const paint = createPaint(context.isLively())
      const show = (message: RunMessage): void => {
        if (context.isJson()) return context.print(JSON.stringify(message))
        if (message.kind === 'line')
          return context.print(`${paint.dim(`${message.step} │`)} ${message.text}`)
        const time = message.seconds === null ? '' : ` ${message.seconds.toFixed(1)} s`
        context.print(
          `${state(message.state, paint)} ${paint.bold(message.name)}${time}${message.reason ? `  ${message.reason}` : ''}`,
        )
      }
      const { passed } = await context.local.run(
        options.directory,
        { steps, signal: context.signal },
        show,
      )
      if (!passed) context.exit(context.signal.aborted ? exitCodes.interrupted : exitCodes.no)
    })
}
