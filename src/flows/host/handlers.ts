import { FairleadError } from '#contract/errors.ts'
import type { Host } from '#contract/host/host.ts'
import type { HostStatus } from '#contract/host/status.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { deleteHost, insertHost, setLabels, setPackage } from '#domains/host/store.ts'
import { listTargetsInUse } from '#domains/deployment/store.ts'
import { behindOf, type LivePlace } from '#domains/deployment/several-hosts.ts'
import { hostsOf } from '#domains/deployment/open-targets.ts'
import { appendEvent } from '#engine/events.ts'
import type { OwnPackage } from '#platform/own-package.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import { fingerprintOf, readHostKey } from '#platform/ssh/host-key.ts'
import { version } from '#platform/self.ts'
import type { SshSettings } from '#platform/ssh/ssh.ts'
import { liveHosts } from '#views/deployment.ts'
import { type CatchUpProblem, catchUpProblems } from '#views/workflow.ts'
import { everyHost } from '#contract/pipeline-file/monitor-file.ts'
import { localHost } from './every-host.ts'
import type { Hosts, LinkedHost } from './hosts.ts'
import { type DrainEndpoints, drainHandlers } from './drain.ts'
import { unitOf } from './install.ts'
import { probe } from './probe.ts'
import { removeScript } from './scripts.ts'
import { settingsProblem } from './settings.ts'

export interface HostHandlersOptions {
  db: Database
  hosts: Hosts
  /** the host of this machine */
  local: Pick<HostClient, 'status'>
  hostName: string
  folder: string
  ssh: SshSettings
  own(): OwnPackage
  now(): number
}

type HostEndpoints =
  | 'listHosts'
  | 'readHostKey'
  | 'addHost'
  | 'upgradeHost'
  | 'labelHost'
  | DrainEndpoints
  | 'removeHost'

/** The machines that run services. */
export function hostHandlers(options: HostHandlersOptions): SomeHandlers<HostEndpoints> {
  const { db, hosts, ssh, own } = options
  return {
    listHosts: async () => {
      await hosts.sync()
      const wanted = await readWanted(db)
      const remote = hosts.all().map((one) => describeRemote(options, one, wanted))
      return { hosts: await Promise.all([describeLocal(options), ...remote]) }
    },
    readHostKey: async ({ query: { destination } }) => ({
      destination,
      fingerprint: (await readHostKey(ssh, destination)).fingerprint,
    }),
    addHost: async ({ body }, caller) => {
      const { name, destination, labels, settings } = body
      await mustBeNew(hosts, name)
      const problem = settingsProblem(settings)
      if (problem !== null) throw new FairleadError('invalid_input', problem)
      const { key, fingerprint } = await readHostKey(ssh, destination)
      if (fingerprint !== body.fingerprint)
        throw new FairleadError('not_now', {
          why: `The key of ${destination} is ${fingerprint}, not ${body.fingerprint}`,
        })
      const { folder, address } = await probe(ssh, { name, destination, key, folder: body.folder })
      const host = { name, destination, labels, settings, folder, address, hostKey: key }
      await db.batch([
        insertHost({ ...host, package: own().id }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-host.added',
          ...{ subject: `host/${name}`, chain: `host/${name}`, actor: caller },
          data: { destination, fingerprint, folder, labels },
        }),
      ])
      return show(options, name)
    },
    upgradeHost: async ({ params: { host } }, caller) => {
      await mustHave(hosts, host)
      await db.batch([
        setPackage(host, own().id),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-host.upgraded',
          ...{ subject: `host/${host}`, chain: `host/${host}`, actor: caller },
          data: { package: own().id },
        }),
      ])
      return show(options, host)
    },
    labelHost: async ({ params: { host }, body }, caller) => {
      await mustHave(hosts, host)
      const labels = [...new Set(body.labels)]
      await db.batch([
        setLabels(host, labels),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-host.labelled',
          ...{ subject: `host/${host}`, chain: `host/${host}`, actor: caller },
          data: { labels },
        }),
      ])
      return show(options, host)
    },
    ...drainHandlers(db, hosts, (name) => show(options, name)),
    removeHost: async ({ params, query: { how } }, caller) => {
      const host = await mustHave(hosts, params.host)
      if (how === 'clean') await cleanUp(db, host)
      await db.batch([
        deleteHost(params.host),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-host.removed',
          ...{ subject: `host/${params.host}`, chain: `host/${params.host}`, actor: caller },
          data: { isForgotten: how === 'forget' },
        }),
      ])
      await hosts.sync()
      return { done: true }
    },
  }
}

async function mustBeNew(hosts: Hosts, name: string): Promise<void> {
  await hosts.sync()
  if (name === 'host')
    throw new FairleadError('invalid_input', {
      ...{ field: 'name', problem: 'host is the machine of the server; choose another name' },
    })
  if (name === everyHost)
    throw new FairleadError('invalid_input', {
      ...{ field: 'name', problem: 'every-host names all hosts in a monitor; choose another name' },
    })
  if (name === localHost || hosts.get(name) !== null)
    throw new FairleadError('already_exists', { kind: 'host', id: name })
}

export async function mustHave(hosts: Hosts, name: string): Promise<LinkedHost> {
  await hosts.sync()
  const host = hosts.get(name)
  if (host === null) throw new FairleadError('not_found', { kind: 'host', id: name })
  return host
}

async function show(options: HostHandlersOptions, name: string): Promise<Host> {
  return describeRemote(options, await mustHave(options.hosts, name), await readWanted(options.db))
}

/** Stops and deletes a host on its machine; refuses when something needs it. */
async function cleanUp(db: Database, { stored, link, client }: LinkedHost): Promise<void> {
  const { name, folder } = stored
  const used = (await listTargetsInUse(db)).some((choice) => hostsOf(choice).includes(name))
  if (used)
    throw new FairleadError('not_now', {
      why: `Environments are on the host ${name}; give them another target, or remove them first`,
    })
  const { releases } = await client.status()
  const [one] = releases
  if (one)
    throw new FairleadError('not_now', {
      why: `The host ${name} still has a release of ${one.app} in ${one.environment}`,
    })
  await client.stopAll()
  const { code, stderr } = await link.execute(removeScript, [folder, unitOf(stored)])
  if (code !== 0) throw new FairleadError('not_now', { why: `${name} was not removed: ${stderr}` })
}

async function describeLocal(options: HostHandlersOptions): Promise<Host> {
  const { local, hostName, folder, now } = options
  const status = await local.status().catch(() => null)
  return {
    ...{ name: localHost, destination: null, address: hostName, labels: [], fingerprint: null },
    ...{ folder, settings: {}, drained: null, behind: [] },
    state: status ? 'connected' : 'unreachable',
    reason: status ? null : 'the host does not answer',
    since: new Date(status?.started ?? now()).toISOString(),
    isOutdated: status !== null && status.version !== version,
    status: status && statusOf(status, 0),
  }
}

/** What hosts should serve, and why they do not. */
interface Wanted {
  places: LivePlace[]
  problems: CatchUpProblem[]
}

const readWanted = async (db: Database): Promise<Wanted> => {
  const [places, problems] = await Promise.all([liveHosts(db), catchUpProblems(db)])
  return { places, problems }
}

async function describeRemote(
  { now, own }: Pick<HostHandlersOptions, 'now' | 'own'>,
  { stored, client, state }: LinkedHost,
  wanted: Wanted,
): Promise<Host> {
  const report = state()
  const { hostKey, package: installed, ...host } = stored
  const began = now()
  const status = report.state === 'connected' ? await client.status().catch(() => null) : null
  const clock = status?.now === undefined ? 0 : status.now - (began + now()) / 2
  return {
    ...host,
    fingerprint: fingerprintOf(hostKey),
    ...{ state: report.state, reason: report.reason },
    since: new Date(report.since).toISOString(),
    isOutdated: installed !== own().id,
    behind: status === null || host.drained !== null ? [] : missing(host.name, status, wanted),
    status: status && statusOf(status, Math.round(clock / 10) / 100),
  }
}

const missing = (
  name: string,
  { releases }: HostStatus,
  { places, problems }: Wanted,
): Host['behind'] =>
  behindOf(name, places, releases).map(({ app, environment, release }) => {
    const found = problems.find(
      (one) => one.host === name && one.app === app && one.environment === environment,
    )
    return { app, environment, release, reason: found?.problem ?? null }
  })

const statusOf = (status: HostStatus, clock: number): NonNullable<Host['status']> => ({
  version: status.version,
  started: new Date(status.started).toISOString(),
  clock,
  disk: status.disk ?? null,
  releases: status.releases.map(({ app, environment, release, state, routed }) => ({
    ...{ app, environment, release, state, routed },
  })),
})
