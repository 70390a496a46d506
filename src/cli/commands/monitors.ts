import { spawn } from 'node:child_process'
import type { Command } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import type { Monitor, MonitorDetail } from '#contract/monitor/monitor.ts'
import { number } from '../arguments.ts'
import type { Context } from '../context.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'

export const register: Register = (program, context) => {
  const group: Command = program.command('monitors').description('list and show what is watched')
  group
    .command('list', { isDefault: true })
    .argument('[app]', 'name of the app')
    .description('list what is watched and its state; what is not up comes first')
    .addHelpText('after', '\nExamples:\n  $ fairlead monitors shop')
    .action((app: string | undefined) => list(context, app))
  group
    .command('show')
    .argument('<app>', 'name of the app')
    .argument('<monitor>', 'number of the monitor, as `fairlead monitors` prints it', number)
    .description('show the settings of a monitor, what breaks its rule, and its changes')
    .addHelpText('after', '\nExamples:\n  $ fairlead monitors show shop 14')
    .action(async (app: string, monitor: number) => {
      const { client } = await context.connect()
      const found = await client.getMonitor({ params: { app, monitor } })
      context.answer(found, () => detailLines(found, context.now()))
    })
  program
    .command('heartbeat')
    .argument('<name>', 'name of the monitor, or the address that `monitors show` prints')
    .argument('<command...>', 'the command and its arguments, after --')
    .option('--app <app>', 'name of the app, with the name of a monitor')
    .option('--environment <name>', 'environment of the monitor', 'production')
    .description('run a command, and report its start and its end to a heartbeat')
    .addHelpText(
      'after',
      '\nThe command runs, and gives its exit code, also when Fairlead cannot be reached.\n' +
        '\nExamples:\n  $ fairlead heartbeat backup --app shop -- ./backup.sh --full',
    )
    .action((name: string, command: string[], options: HeartbeatOptions) =>
      heartbeat(context, name, command, options),
    )
}

async function list(context: Context, app: string | undefined): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listMonitors({ query: app === undefined ? {} : { app } })
  context.answer(answer, () =>
    answer.monitors.length === 0
      ? ['Nothing is watched yet; a service is from its first request on']
      : table(
          answer.monitors.map((one) => [
            String(one.id),
            one.state,
            placeOf(one),
            one.name,
            ago(one.since, context.now()),
            one.reason,
          ]),
        ),
  )
  if (answer.monitors.some(({ state }) => state === 'down' || state === 'degraded')) context.exit(1)
}

export const placeOf = (one: {
  app: string | null
  environment: string | null
  service: string | null
}): string => [one.app ?? 'installation', one.environment, one.service].filter(Boolean).join('/')

function detailLines(one: MonitorDetail, now: number): string[] {
  const { every, took, checked } = one
  return [
    `${one.name} of ${placeOf(one)} is ${one.state} since ${ago(one.since, now)}`,
    ...(one.reason === '' ? [] : [one.reason]),
    ...(every === null
      ? []
      : [`checked every ${every / 1000} s as ${one.kind}: ${JSON.stringify(one.settings)}`]),
    ...(checked === null
      ? []
      : [`last check ${ago(checked, now)}${took === null ? '' : `, ${took} ms`}`]),
    ...(one.needs.length === 0 ? [] : [`needs ${one.needs.join(', ')}`]),
    ...(one.entities.length === 0 ? [] : [`broken by ${one.entities.join(', ')}`]),
    ...(one.call === null ? [] : [`call ${one.call}`]),
    ...table(one.hosts.map(({ host, state, reason }) => [`from ${host}`, state, reason])),
    ...table(one.changes.map(({ time, state, reason }) => [ago(time, now), state, reason])),
  ]
}

interface HeartbeatOptions {
  app?: string
  environment: string
}

async function heartbeat(
  context: Context,
  name: string,
  command: string[],
  options: HeartbeatOptions,
): Promise<void> {
  const address = await addressOf(context, name, options).catch((error: unknown) => {
    // The job matters more than its report.
    if (error instanceof FairleadError && error.code === 'unavailable') return null
    throw error
  })
  await call(address, 'started', '')
  const code = await runCommand(command)
  await call(address, code === 0 ? 'ended' : 'failed', code === 0 ? '' : `exit code ${code}`)
  context.exit(code)
}

/** The address that the job calls. */
async function addressOf(
  context: Context,
  name: string,
  { app, environment }: HeartbeatOptions,
): Promise<string> {
  if (/^https?:\/\//.test(name)) return name
  if (app === undefined)
    throw new FairleadError('invalid_input', { field: '--app', problem: 'must be given' })
  const { client } = await context.connect()
  const { monitors } = await client.listMonitors({ query: { app, environment } })
  const isMeant = (one: Monitor): boolean => one.kind === 'heartbeat' && one.name === name
  const found = monitors.find(isMeant)
  if (!found) throw new FairleadError('not_found', { kind: 'heartbeat', id: name })
  const { call: address } = await client.getMonitor({ params: { app, monitor: found.id } })
  if (address === null)
    throw new FairleadError('not_allowed', { needed: 'developer', have: 'viewer' })
  return address
}

async function call(address: string | null, state: string, message: string): Promise<void> {
  if (address === null) return
  const url = new URL(address)
  url.searchParams.set('state', state)
  url.searchParams.set('message', message)
  await fetch(url, { method: 'POST', signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
}

function runCommand([program = '', ...args]: string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit', env: process.env })
    child.once('error', () => resolve(127))
    child.once('close', (code) => resolve(code ?? 1))
  })
}
