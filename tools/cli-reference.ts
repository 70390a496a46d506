import type { Command } from 'commander'
import { exitCodeHelp } from '#cli/commands/completion.ts'
import { allCommands, createProgram } from '#cli/cli.ts'
import type { Local } from '#cli/local.ts'
import type { CliEnvironment } from '#cli/context.ts'

/** docs/cli.md: the help of every command, and the exit codes. */
export function cliReference(version: string): string {
  const sink = { write: () => true, columns: 100 }
  const world = {
    local: { version } as Local,
    stdout: sink,
    stderr: sink,
    env: {},
    now: () => 0,
    signal: new AbortController().signal,
  } as unknown as CliEnvironment
  const program = createProgram(world, () => undefined)
  const commands = allCommands(program).filter(
    (command) => command.commands.length === 0 && !isHidden(command),
  )
  return `# The command line

Every command prints JSON with \`--json\`, plain lines when its output is not a terminal, and
honours \`NO_COLOR\`. Commands use the server at \`FAIRLEAD_URL\` with the token in
\`FAIRLEAD_TOKEN\`, or else the server of \`FAIRLEAD_HOME\` on this machine. This page is generated
from the commands.

## Exit codes

\`\`\`
${exitCodeHelp}
\`\`\`

${commands.map(section).join('\n')}`
}

const isHidden = (command: Command): boolean => Reflect.get(command, '_hidden') === true

function section(command: Command): string {
  const names = [command.name()]
  for (let parent = command.parent; parent?.parent; parent = parent.parent)
    names.unshift(parent.name())
  let help = ''
  command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 100 })
  command.outputHelp()
  return `## ${names.join(' ')}\n\n\`\`\`\n${help.trim()}\n\`\`\`\n`
}
