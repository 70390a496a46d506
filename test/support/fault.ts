import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Injection, injection } from '../../src/host/fault/inject.ts'
import { readActual } from '../../src/host/state.ts'
import { deploy, releaseOf, server, startHost, type TestHost, webService } from './host.ts'
import { isInstalled, type Program } from './programs.ts'

/** Gives the traffic to a service `web` with a data folder, for faults. */
export async function startTarget(host: TestHost): Promise<void> {
  const artifact = await host.artifact({ 'server.js': server('fine') })
  // Nothing listens there.
  const web = webService({ env: { DEPENDENCY: '127.0.0.1:9' } })
  await deploy(host, releaseOf(host, 1, artifact, [web]))
}

/** A user that no other process has. */
const apartUser = 61_234

/** Serves a dependency at 10.99.0.1 in a network of its own, and is a client with another user. */
const apart = [
  'ip link set lo up && ip addr add 10.99.0.1/32 dev lo',
  'node dependency.js &',
  `exec setpriv --reuid ${apartUser} --clear-groups sleep 1000000`,
].join('\n')

/**
 * Gives the traffic to a service `web`, and with root a service `apart` in a network of its own,
 * for faults of the network. The host must not isolate its services.
 */
export async function startApart(host: TestHost): Promise<void> {
  const dependency =
    "require('node:http').createServer((_, r) => r.end('fine')).listen(7000, '10.99.0.1')"
  const artifact = await host.artifact({
    ...{ 'server.js': server('fine'), 'dependency.js': dependency, 'apart.sh': apart },
  })
  const web = webService({ env: { DEPENDENCY: '127.0.0.1:9' } })
  const other = webService({ name: 'apart', run: 'exec unshare -n sh apart.sh', port: false })
  await deploy(host, releaseOf(host, 1, artifact, [web, other]))
}

/** The process of the service `apart`, by which its network can be entered. */
export function apartPid({ home: { host } }: Pick<TestHost, 'home'>): number {
  const [release] = readActual(host, 'shop', 'production') ?? []
  return release?.instances.find(({ service }) => service === 'apart')?.pid ?? 0
}

/** Runs a command in the network of the service `apart`; as its user, if asked. */
export function runApart(host: Pick<TestHost, 'home'>, command: string, isClient = false): string {
  const client = `setpriv --reuid ${apartUser} --clear-groups`
  const inside = `nsenter -t ${apartPid(host)} -n ${isClient ? client : ''} ${command}`
  const { stdout, stderr, status } = spawnSync('sh', ['-c', inside], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : `failed: ${stderr.trim()}`
}

/** Whether faults of the network are possible here. */
export const hasNetworkFaults =
  process.getuid?.() === 0 && ['nftables', 'iproute2'].every((name) => isInstalled(name as Program))

/** A host with the services that all actions of its kind need. */
export async function startFaultHost(isNetwork: boolean): Promise<TestHost> {
  const host = await startHost(isNetwork ? { FAIRLEAD_ISOLATION: 'off' } : {})
  await (isNetwork ? startApart(host) : startTarget(host))
  return host
}

/** What the host asks for to hit all instances of a service. */
export function injectionOf(
  { home: { host } }: TestHost,
  action: string,
  parameters: Record<string, unknown>,
  service = 'web',
): Injection {
  const [release] = readActual(host, 'shop', 'production') ?? []
  const instances = release?.instances.filter((one) => one.service === service) ?? []
  return injection.parse({
    ...{ id: action, service, action, parameters, duration: 60_000, lease: 60_000 },
    marker: `fault/${readFileSync(join(host, 'id'), 'utf8')}/test/${action}`,
    target: {
      ...{ app: 'shop', environment: 'production', service, release: 1, instances },
      ...{ of: instances.length, dataFolder: join(host, 'data', 'shop', 'production') },
    },
  })
}

/** What faults change, read from the kernel and the files, not from Fairlead. */
export async function machineState(
  { home }: TestHost,
  faults = join(home.host, 'faults'),
): Promise<object> {
  const id = readFileSync(join(home.host, 'id'), 'utf8')
  const data = join(home.host, 'data', 'shop', 'production')
  const files = readdirSync(faults)
  const marked = (prefix: string): number[] => processesWhose(`FAIRLEAD_PROCESS=${prefix}/`)
  return {
    instances: marked(`${id}/shop`).map(stateOf).toSorted(),
    processes: marked(`fault/${id}`).length,
    mode: existsSync(data) ? statSync(data).mode.toString(8) : null,
    fills: files.filter((file) => file.endsWith('.fill')),
    rules: apartPid({ home }) > 0 ? runApart({ home }, 'nft list ruleset') : '',
  }
}

/** A file of a process; empty when it has ended. */
function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}

/** Whether a process is stopped, its limit of open files, and the variables it began with. */
function stateOf(pid: number): string {
  const state = /^State:\s+(T?)/m.exec(read(pid, 'status'))?.[1] ?? ''
  const limit = /^Max open files\s+(\d+\s+\d+)/m.exec(read(pid, 'limits'))?.[1] ?? ''
  const env = read(pid, 'environ')
    .split('\0')
    .filter((line) => !/^(?:FAIRLEAD_PROCESS|PORT)=/.test(line))
  const variables = createHash('sha256').update(env.toSorted().join('\0')).digest('hex')
  return `${read(pid, 'comm').trim()} ${state} ${limit} ${variables.slice(0, 12)}`
}

/** The processes whose environment has a text; those that have ended count for nothing. */
const processesWhose = (text: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && read(pid, 'environ').includes(text))

/** The processes of Fairlead for faults of a host that run now. */
const processesOf = ({ home }: TestHost, face: string): number[] =>
  processesWhose(`FAIRLEAD_HOME=${home.root}`).filter((pid) =>
    read(pid, 'cmdline').includes(`\0${face}\0`),
  )

export const guardiansOf = (host: TestHost): number[] => processesOf(host, 'guardian')
export const injectorsOf = (host: TestHost): number[] => processesOf(host, 'injector')
