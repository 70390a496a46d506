import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { LookupAddress } from 'node:dns'
import {
  type HostMonitor,
  type HostMonitors,
  hostMonitors,
  type HostResults,
} from '#contract/host/monitors.ts'
import { Checks } from '#platform/monitor/checks.ts'
import { monitorKinds } from '#platform/monitor/kinds.generated.ts'
import type { Finding, HostIo, MonitorKind } from '#platform/monitor/monitor-kind.ts'
import { createReach } from '#platform/monitor/reach.ts'
import { createEgressPolicy, type EgressPolicy } from '#platform/net/egress.ts'
import { publicPolicy } from '#platform/net/private.ts'
import { type Cursors, newLines } from './new-lines.ts'
import { type ReleasePlace, runCommand } from './release-command.ts'

export interface HostChecksOptions {
  /** what is checked, so that the next host process goes on without a server */
  file: string
  /** names this host process */
  run: string
  edgePort: number
  /** the place of a service in the release that has the traffic */
  placeOf(app: string, environment: string, service: string | null): ReleasePlace | null
  random(): number
  log(message: string, fields?: Record<string, unknown>): void
}

/** Checks the monitors of this host. */
export interface HostChecks {
  start(): void
  stop(): void
  set(wanted: HostMonitors): void
  after(number: number): HostResults
  /** Whether this machine reaches another one. */
  isConnected(): Promise<boolean>
  /** Checks the monitors of an environment now. */
  hurry(app: string, environment: string): void
}

const tickMs = 250
const parallel = 200
const kinds = monitorKinds as unknown as readonly MonitorKind[]
const none: HostMonitors = {
  ...{ version: '', privateHosts: [], allowAddresses: '', references: [], monitors: [] },
}

export function createMonitors(options: HostChecksOptions): HostChecks {
  const { file, run, random } = options
  let wanted = none
  let policy = policyOf(none)
  let timer: NodeJS.Timeout | undefined
  const cursors = new Map<number, Cursors>()
  const reach = createReach({
    references: () => [...nameServers(), ...wanted.references],
    now: Date.now,
  })
  const checks = new Checks<HostMonitor>({
    ...{ now: Date.now, random, parallel },
    check: (one, signal) =>
      checkOne(one, { ...options, signal, policy, cursors, onAnswer: reach.answered }),
    review: async (finding, one) => {
      if (finding.isCutOff !== true) return finding
      if (!(await reach.isConnected()))
        return { state: 'unknown', reason: 'the host reaches nothing, so it may be cut off itself' }
      return kindOf(one)?.isReport ? { ...finding, state: 'unknown' } : finding
    },
  })
  const use = (next: HostMonitors): void => {
    wanted = next
    policy = policyOf(next)
    checks.set(next.monitors)
    const ids = new Set(next.monitors.map(({ id }) => id))
    for (const id of cursors.keys()) if (!ids.has(id)) cursors.delete(id)
  }
  return {
    start: () => {
      use(readWanted(file) ?? none)
      timer = setInterval(() => checks.tick(), tickMs)
      timer.unref()
    },
    stop: () => clearInterval(timer),
    set: (next) => {
      writeFileSync(`${file}.draft`, JSON.stringify(next), { mode: 0o600 })
      renameSync(`${file}.draft`, file)
      use(next)
    },
    after: (number) => ({
      ...{ run, version: wanted.version, next: checks.last },
      results: checks.after(number),
    }),
    isConnected: reach.isConnected,
    hurry: (app, environment) =>
      checks.hurry((one) => one.app === app && one.environment === environment),
  }
}

/** Where users may let this host connect to. */
export const policyOf = ({
  privateHosts,
  allowAddresses,
}: Pick<HostMonitors, 'privateHosts' | 'allowAddresses'>): EgressPolicy => {
  const open = createEgressPolicy(allowAddresses)
  return privateHosts === null ? open : publicPolicy(open, privateHosts)
}

interface CheckContext extends HostChecksOptions {
  signal: AbortSignal
  policy: EgressPolicy
  cursors: Map<number, Cursors>
  /** another machine has answered */
  onAnswer(): void
}

const kindOf = (one: HostMonitor): MonitorKind | undefined =>
  kinds.find(({ kind }) => kind === one.kind)

async function checkOne(one: HostMonitor, context: CheckContext): Promise<Finding> {
  const kind = kindOf(one)
  const settings = kind?.settings.safeParse(one.settings)
  if (!kind?.onHost || !settings?.success)
    return { state: 'unknown', reason: `this host cannot check ${one.kind}` }
  const place = context.placeOf(one.app, one.environment, one.service)
  let isRemote = false
  const note = (address: string): void =>
    void (isRemote ||= !/^(127\.|::1$|localhost)/.test(address))
  const { policy } = context
  const io: HostIo = {
    signal: context.signal,
    refusal: (address) => {
      note(address)
      return policy.refusal(address)
    },
    lookup: (name, options, callback) =>
      policy.lookup(name, options, (error, found, family) => {
        const all = (Array.isArray(found) ? found : [{ address: found }]) as LookupAddress[]
        if (!error) for (const { address } of all) note(address)
        callback(error, found, family)
      }),
    edge: { port: context.edgePort, host: `${one.app}.${one.environment}.localhost` },
    variable: (name) => place?.service.env[name] ?? place?.release.env[name],
    run: async (command) =>
      place === null
        ? { code: 3, output: ['no release of the environment runs on this host'] }
        : runCommand(place, command, context.signal),
    newLines: () => {
      const cursors = context.cursors.get(one.id) ?? { isFirst: true, files: new Map() }
      context.cursors.set(one.id, cursors)
      return place === null ? [] : newLines(place, cursors)
    },
  }
  const finding = await kind.onHost(settings.data, io)
  if (isRemote && (finding.state === 'up' || finding.state === 'degraded')) context.onAnswer()
  return finding
}

/** Name servers of other machines prove that this one is connected. */
function nameServers(): string[] {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [word, address = ''] = line.trim().split(/\s+/)
        if (word !== 'nameserver' || /^(127\.|::1$)/.test(address)) return []
        return [address.includes(':') ? `[${address}]:53` : `${address}:53`]
      })
  } catch {
    return []
  }
}

function readWanted(file: string): HostMonitors | null {
  try {
    return hostMonitors.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}
