import type { Client } from '#contract/client.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Host } from '#contract/host/host.ts'
import { clockWords, diskWords, hostProblems } from '#contract/host/problems.ts'
import { settingsOf } from '../arguments.ts'
import { type Context, exitCodes } from '../context.ts'
import { ago, table } from '../format.ts'
import { confirm } from '../prompt.ts'
import type { Register } from '../register.ts'
import { untilAnswered } from '../until-answered.ts'

interface AddOptions {
  name?: string
  label?: string[]
  folder?: string
  set?: string[]
  fingerprint?: string
}

export const register: Register = (program, context) => {
  const hosts = program
    .command('hosts')
    .description('machines that run services, which the server reaches over SSH')
  hosts
    .command('list', { isDefault: true })
    .description('list the hosts with their state, version, clock, disk and what runs on them')
    .addHelpText('after', '\nExamples:\n  $ fairlead hosts')
    .action(() => list(context))
  hosts
    .command('add')
    .argument('<destination>', 'what the ssh of the server connects to, such as deploy@10.0.0.5')
    .description('install a host on a machine over SSH, and pin the key of its SSH server')
    .option('--name <name>', 'its name in fairlead.yaml; default: from the destination')
    .option('--label <name...>', 'labels, which environments can name instead of hosts')
    .option('--folder <path>', 'its folder there; default: .fairlead-host in the home folder')
    .option('--set <variable=value...>', 'settings, such as FAIRLEAD_EDGE_LISTEN=0.0.0.0')
    .option('--fingerprint <key>', 'the key of the SSH server, SHA256:…; default: asks you')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead hosts add deploy@10.0.0.5 --name web-1' +
        ' --set FAIRLEAD_EDGE_LISTEN=0.0.0.0',
    )
    .action((destination: string, options: AddOptions) => add(context, destination, options))
  hosts
    .command('upgrade')
    .argument('<host>', 'name of the host')
    .description('install the version of the server on a host, without a lost request')
    .addHelpText('after', '\nExamples:\n  $ fairlead hosts upgrade web-1')
    .action(async (host: string) => {
      const { client } = await context.connect()
      await follow(context, client, await client.upgradeHost({ params: { host } }))
    })
  hosts
    .command('label')
    .argument('<host>', 'name of the host')
    .argument('[labels...]', 'all of its labels; none removes them')
    .description('replace the labels of a host, which environments can name instead of hosts')
    .addHelpText('after', '\nExamples:\n  $ fairlead hosts label web-1 web eu')
    .action(async (host: string, labels: string[]) => {
      const { client } = await context.connect()
      const answer = await client.labelHost({ params: { host }, body: { labels } })
      const now = answer.labels.length === 0 ? 'no label' : answer.labels.join(', ')
      context.answer(answer, () => [
        `${host} has ${now}. Environments with \`labels\` follow with their next change.`,
      ])
    })
  hosts
    .command('drain')
    .argument('<host>', 'name of the host')
    .option('--force', 'also when no other host serves one of the environments')
    .option('--reason <text>', 'for the history, such as "incident 7"', '')
    .description('stop what environments with several hosts run on a host; the others go on')
    .addHelpText('after', '\nExamples:\n  $ fairlead hosts drain web-1')
    .action(async (host: string, body: { force?: boolean; reason: string }) => {
      const { client } = await context.connect()
      const answer = await client.drainHost({ params: { host }, body })
      context.answer(answer, () => [
        `${host} is drained. \`fairlead hosts\` shows what still runs there.`,
      ])
    })
  hosts
    .command('undrain')
    .argument('<host>', 'name of the host')
    .description('let a host that was drained run what is live again')
    .addHelpText('after', '\nExamples:\n  $ fairlead hosts undrain web-1')
    .action(async (host: string) => {
      const { client } = await context.connect()
      const answer = await client.undrainHost({ params: { host } })
      context.answer(answer, () => [`${host} runs services again`])
    })
  hosts
    .command('remove')
    .argument('<host>', 'name of the host')
    .option('--forget', 'without a connection, and whatever runs there: change nothing there')
    .description('stop a host that runs nothing, delete its files there, and forget it')
    .addHelpText('after', '\nExamples:\n  $ fairlead hosts remove web-1')
    .action(async (host: string, { forget }: { forget?: boolean }) => {
      const { client } = await context.connect()
      const how = forget === true ? 'forget' : 'clean'
      const answer = await client.removeHost({ params: { host }, query: { how } })
      context.answer(answer, () => [
        how === 'forget' ? `Fairlead has forgotten ${host}` : `${host} is removed`,
      ])
    })
}

async function list(context: Context): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listHosts()
  context.answer(answer, () => answer.hosts.flatMap((one) => linesOf(one, context.now())))
}

function linesOf(host: Host, now: number): string[] {
  const { name, state, since, reason, status, labels } = host
  const place = host.destination ?? 'the machine of the server'
  const head = table([[name, state, place, labels.join(' '), `since ${ago(since, now)}`]])
  if (status === null) return [...head, ...(reason === null ? [] : [`  ${reason}`])]
  const { disk, clock, releases } = status
  return [
    ...head,
    `  version ${status.version} · ${diskWords(disk)} · ${clockWords(clock)}`,
    ...hostProblems(host).map(({ text }) => `  ! ${text}`),
    ...releases.map(
      (one) =>
        `  ${one.app}/${one.environment}  release ${one.release} ${one.state}` +
        (one.routed ? ', has the traffic' : ''),
    ),
  ]
}

async function add(context: Context, destination: string, options: AddOptions): Promise<void> {
  const { client } = await context.connect()
  const name = options.name ?? nameOf(destination)
  const fingerprint = options.fingerprint ?? (await askForKey(context, client, destination))
  const { label: labels = [], folder, set = [] } = options
  const body = { name, destination, fingerprint, labels, settings: settingsOf(set) }
  const host = await client.addHost({ body: folder === undefined ? body : { ...body, folder } })
  await follow(context, client, host)
}

/** The first part of the name of the machine, or its address with hyphens. */
function nameOf(destination: string): string {
  const machine = destination
    .replace(/^ssh:\/\//, '')
    .replace(/^.*@/, '')
    .replace(/:\d+$/, '')
  const isAddress = /^[\d.]+$/.test(machine)
  return (isAddress ? machine.replaceAll('.', '-') : (machine.split('.')[0] ?? '')).toLowerCase()
}

async function askForKey(context: Context, client: Client, destination: string): Promise<string> {
  const { fingerprint } = await client.readHostKey({ query: { destination } })
  const question =
    `The key of ${destination} is ${fingerprint}.\n` +
    'Compare it with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints there. Equal?'
  if (await confirm(context, question)) return fingerprint
  throw new FairleadError('not_now', {
    why: `Nothing was added; if the key ${fingerprint} is that of the machine, pass --fingerprint`,
  })
}

/** Prints the states of a host until it is connected or has failed. */
async function follow(context: Context, client: Client, first: Host): Promise<void> {
  let host = first
  let printed = ''
  while (!context.signal.aborted) {
    const line = [host.name, host.state, host.reason ?? ''].filter(Boolean).join('  ')
    if (line !== printed && !context.isJson()) context.print(line)
    printed = line
    if (host.state === 'connected' || host.state === 'failed') break
    await new Promise((resolve) => setTimeout(resolve, 300))
    const answer = await untilAnswered(context, () => client.listHosts())
    const found = answer?.hosts.find(({ name }) => name === host.name)
    if (!found) break
    host = found
  }
  if (context.signal.aborted) return context.exit(exitCodes.interrupted)
  if (context.isJson()) context.answer(host, () => [])
  if (host.state !== 'connected') context.exit(exitCodes.no)
}
