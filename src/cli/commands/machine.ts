import type { Command } from 'commander'
import { createPaint, table } from '../format.ts'
import type { Register } from '../register.ts'
import { type Context, exitCodes } from '../context.ts'

export const register: Register = (program, context) => {
  processes(program, context)
  program
    .command('backup')
    .argument('<file>', 'where to write it')
    .description(
      'write the state to one file, while the server runs; keep FAIRLEAD_HOME/key with it',
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
    .description('fill an empty installation from a backup')
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
    .description('look for what is wrong with this installation')
    .addHelpText('after', '\nExamples:\n  $ fairlead doctor')
    .action(() => doctor(context))
}

function processes(program: Command, context: Context): void {
  program
    .command('server')
    .option('--no-sample', 'deliver no sample when nothing is registered')
    .description('run the server here, until SIGTERM')
    .addHelpText(
      'after',
      '\nExamples:\n  $ FAIRLEAD_HOME=/srv/fairlead FAIRLEAD_PORT=4400 fairlead server',
    )
    .action(async (options: { sample: boolean }) =>
      context.exit(await context.local.server(options)),
    )
  program
    .command('host')
    .option(
      '--upgrade',
      'let the host that runs hand over to this program, without dropping a request',
    )
    .description('run the supervisor and edge of this machine; the server starts it by itself')
    .addHelpText('after', '\nExamples:\n  $ fairlead host --upgrade')
    .action(async (options: { upgrade?: boolean }) =>
      context.exit(await context.local.host({ upgrade: options.upgrade === true })),
    )
  program
    .command('stop')
    .option('--host', 'stop the host, too, and everything it runs')
    .description('stop the server; what it deployed runs on')
    .addHelpText('after', '\nExamples:\n  $ fairlead stop\n  $ fairlead stop --host')
    .action(async (options: { host?: boolean }) => {
      await context.local.stop({ host: options.host === true })
      context.answer({ stopped: true }, () => [
        options.host === true
          ? 'Server, host and services are stopped'
          : 'The server is stopped; the services run on',
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
