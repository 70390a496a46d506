import { Argument, Command } from 'commander'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish']))
    .description('print the completion script of a shell')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead completion bash >> ~/.bashrc\n  $ fairlead completion fish > ~/.config/fish/completions/fairlead.fish',
    )
    .action((shell: 'bash' | 'zsh' | 'fish') => context.print(scripts[shell]))
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (words: string[]) => {
      for (const candidate of await complete(program, context, words)) context.print(candidate)
    })
  program.command('exit-codes', { hidden: true }).action(() => context.print(exitCodeHelp))
  program.addHelpCommand(
    new Command('help')
      .argument('[command]')
      .description('show help')
      .action((name?: string) => {
        const command =
          name === undefined ? program : program.commands.find((one) => one.name() === name)
        context.print(name === 'exit-codes' ? exitCodeHelp : (command ?? program).helpInformation())
      }),
  )
}

export const exitCodeHelp = `0    done
1    the answer is no: a delivery or check failed, or nothing can be rolled back
2    wrong usage: an unknown command or option, or a value that cannot be
3    not signed in, or not allowed
4    the server, or the host, does not answer
5    not found
130  interrupted by Ctrl-C; what the server does goes on`

/** Completes the last word of the command line. Prints nothing without a server. */
async function complete(program: Command, context: Context, words: string[]): Promise<string[]> {
  const typed = words.at(-1) ?? ''
  let command = program
  let used = 0
  for (const word of words.slice(0, -1)) {
    const child = command.commands.find((one) => one.name() === word)
    if (child) {
      command = child
      used = 0
    } else if (!word.startsWith('-')) used += 1
  }
  const options = typed.startsWith('-') ? command.options.map((option) => option.long ?? '') : []
  const commands = command.commands
    .map((child) => child.name())
    .filter((name) => name !== 'complete' && name !== 'exit-codes')
  const wanted = command.registeredArguments[used]?.name()
  const names =
    wanted === 'app' || wanted === 'environment' ? await namesOf(context, wanted, words) : []
  return [...commands, ...options, ...names].filter((candidate) => candidate.startsWith(typed))
}

async function namesOf(
  context: Context,
  wanted: 'app' | 'environment',
  words: string[],
): Promise<string[]> {
  try {
    const { client } = await context.connect()
    const { lines } = await client.listLines({ signal: AbortSignal.timeout(500) })
    if (wanted === 'app') return lines.map((line) => line.app.name)
    const line = lines.find(({ app }) => words.includes(app.name))
    return line ? [...line.environments, ...line.formerEnvironments].map(({ name }) => name) : []
  } catch {
    return []
  }
}

const scripts = {
  bash: `_fairlead() { mapfile -t COMPREPLY < <(fairlead complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); }
complete -o default -F _fairlead fairlead`,
  zsh: `#compdef fairlead
_fairlead() { local -a found; found=("\${(@f)$(fairlead complete -- "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)}"); compadd -a found; }
compdef _fairlead fairlead`,
  fish: `complete -c fairlead -f -a '(fairlead complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
}
