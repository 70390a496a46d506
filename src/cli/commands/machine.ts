import type { Command } from 'commander'
import { createPaint, table } from '../format.ts'
import type { Register } from '../register.ts'
import { type Context, exitCodes } from '../context.ts'

export const register: Register = (program, context) => {
  processes(program, context)
  program
    .command('backup')
    .argument('<file>', 'file to write')
    .description(
      'write the state to one file while the server runs; keep FAIRLEAD_HOME/key with it',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead backup fairlead-monday.backup')
    .action(async (file: string) => {
      const result = await context.local.backup(file)
      context.answer(result, () => [
        `${file}: ${result.rows} rows, ${(result.bytes / 1e6).toFixed(1)} MB`,
      ])
    })
  program
    .command('restore')
    .argument('<file>', 'a backup')
    .description('restore a backup into an empty installation')
    .addHelpText(
      'after',
      '\nExamples:\n  $ FAIRLEAD_HOME=/srv/fairlead fairlead restore fairlead-monday.backup',
    )
    .action(async (file: string) => {
      const result = await context.local.restore(file)
      context.answer(result, () => [`${result.rows} rows are back`])
    })
  program
    .command('doctor')
    .description('find problems of this installation')
    .addHelpText('after', '\nExamples:\n  $ fairlead doctor')
    .action(() => doctor(context))
}

function processes(program: Command, context: Context): void {
  program
    .command('server')
    .option('--no-sample', 'do not deliver the sample when no app is registered')
    .description('run the server in the foreground until SIGTERM')
    .addHelpText(
      'after',
      '\nExamples:\n  $ FAIRLEAD_HOME=/srv/fairlead FAIRLEAD_PORT=4400 fairlead server',
    )
    .action(async (options: { sample: boolean }) =>
      context.exit(await context.local.server(options)),
    )
  program
    .command('host')
    .option('--upgrade', 'replace the running host with this version without dropping a request')
    .description(
      'run the supervisor and the edge of this machine; the server starts it automatically',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead host --upgrade')
    .action(async (options: { upgrade?: boolean }) =>
      context.exit(await context.local.host({ upgrade: options.upgrade === true })),
    )
  program
    .command('stop')
    .option('--host', 'also stop the host and all services')
    .description('stop the server; deployed services keep running')
    .addHelpText('after', '\nExamples:\n  $ fairlead stop\n  $ fairlead stop --host')
    .action(async (options: { host?: boolean }) => {
      await context.local.stop({ host: options.host === true })
      context.answer({ stopped: true }, () => [
        options.host === true
          ? 'The server, the host and the services have stopped'
          : 'The server has stopped; the services keep running',
      ])
    })
}

async function doctor(context: Context): Promise<void> {
  const lines = await context.local.doctor()
  const paint = createPaint(context.isLively())
  const marks = {
    ok: paint.good('✔ ok'),
    warning: paint.busy('! note'),
    problem: paint.bad('✘ problem'),
    unknown: paint.dim('? unknown'),
  }
  context.answer({ lines }, () =>
    table(
      lines.map((line) => [marks[line.state], line.what, line.detail]),
      context.stdout.columns ?? 140,
    ),
  )
  if (lines.some((line) => line.state === 'problem')) context.exit(exitCodes.no)
}
