import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { FairleadError } from '#contract/errors.ts'
import { duration } from '#contract/pipeline-file/shapes.ts'
import { choosePort, hostTarget } from './host-target.ts'
import type { RemoteHost } from './remote-host.ts'
import { type Member, severalTarget } from './several-target.ts'
import { missingRelease, type ReleaseReport, type Target, type TargetIo } from './target.ts'

/** How long a host may be away before deployments go on without it, in milliseconds. */
const patienceMs = 600_000

/** The settings of a target whose services may run on other machines. */
export const hostConfig = z
  .strictObject({
    host: name
      .optional()
      .describe('The [host](hosts.md) that runs the services; default: the machine of the server'),
    hosts: z
      .array(name)
      .min(2, 'must name at least two hosts; for one, use `host`')
      .max(50)
      .refine((names) => new Set(names).size === names.length, 'must name each host once')
      .optional()
      .describe(
        'The [hosts](hosts.md#several-hosts) that each run all of the services; a release goes ' +
          'to all of them or to none',
      ),
    labels: z
      .array(name)
      .min(1, 'must name at least one label')
      .max(20)
      .optional()
      .describe(
        'Instead of `hosts`: every [host that has all of these labels]' +
          '(hosts.md#hosts-by-label) when the change is delivered',
      ),
    away: duration(0)
      .optional()
      .describe('How long one of them may be away before deployments go on; default: `10m`'),
  })
  .refine(({ host, hosts, labels }) => [host, hosts, labels].filter(Boolean).length <= 1, {
    error: 'must have one of `host`, `hosts` and `labels`; remove the others',
  })
  .refine(({ hosts, labels, away }) => (hosts ?? labels) !== undefined || away === undefined, {
    ...{ path: ['away'], error: 'is for `hosts` and `labels` only' },
  })

/** What a target of this machine becomes on the hosts that its settings name. */
export function onHost(config: z.output<typeof hostConfig>, io: TargetIo): Target {
  const member = (host: string): Member => ({ name: host, target: remoteTarget(host, io) })
  if (config.labels !== undefined)
    throw new FairleadError('not_now', { why: 'The hosts with these labels are not known yet' })
  const [first, ...others] = config.hosts ?? []
  if (first !== undefined)
    return severalTarget([member(first), ...others.map(member)], io, config.away ?? patienceMs)
  return config.host === undefined ? hostTarget(io) : remoteTarget(config.host, io)
}

/** Equal for settings with the same hosts, in any order. */
export const hostIdentity = ({ host, hosts }: z.output<typeof hostConfig>): string =>
  hosts === undefined ? (host ?? '') : hosts.toSorted().join(',')

/** A target whose services run on another machine, supervised by the host there. */
function remoteTarget(host: string, io: TargetIo): Target {
  const remote = io.remote(host)
  // Its programs, certificates and proxies are those of its own machine.
  const there = hostTarget({
    ...{ ...io, host: remote.client, machine: {} },
    get artifacts() {
      return remote.place()?.artifacts ?? ''
    },
  })
  const urlOf = (port: number): string | null => {
    const place = remote.place()
    return place && `http://${place.address}:${port}`
  }
  /** A host that was removed holds nothing any more. */
  const ifKnown = async (work: () => Promise<void>): Promise<void> => {
    if ((await remote.find()) !== null) await work()
  }
  const send = async (artifact: string): Promise<void> => {
    if ((await remote.find()) === null)
      throw new FairleadError('not_found', { kind: 'host', id: host })
    await remote.client.blobs.send(io.artifacts, artifact)
  }
  return {
    ...there,
    reserve: ({ wanted, current, taken }) => {
      const port = wanted ?? current ?? choosePort(remote.place()?.edgePort ?? io.edgePort, taken)
      return { port, url: urlOf(port) }
    },
    urls: ({ port }) => {
      const url = port === null ? null : urlOf(port)
      return url === null ? [] : [url]
    },
    start: async (release) => {
      await send(release.artifact)
      await there.start(release)
    },
    report: async (reference, waitMs) => {
      if ((await remote.find()) === null) return missingRelease
      return withLocalAddress(remote, await there.report(reference, waitMs))
    },
    stop: (reference, fence) => ifKnown(() => there.stop(reference, fence)),
    remove: (reference, fence) => ifKnown(() => there.remove(reference, fence)),
    environments: async () => ((await remote.find()) === null ? [] : there.environments()),
    stopServices: (environment, services, fence) =>
      ifKnown(() =>
        remote.client.stopServices(environment.app, environment.environment, services, fence),
      ),
    removeEnvironment: (environment, fence, leaveMs) =>
      ifKnown(() => there.removeEnvironment(environment, fence, leaveMs)),
    commands: {
      ...remote.client.commands,
      start: async (environment, key, command) => {
        const { files } = command
        if (files === undefined) return remote.client.commands.start(environment, key, command)
        await send(files.artifact)
        const layout = remote.place()?.artifacts ?? files.layout
        const moved = { ...command, files: { ...files, layout } }
        return remote.client.commands.start(environment, key, moved)
      },
    },
    rehearse: async (environment, service, next, after) => {
      for (const release of [next, after?.release])
        if (release !== undefined) await send(release.artifact)
      return there.rehearse!(environment, service, next, after)
    },
  }
}

/** Commands on this machine, such as `verify`, reach an instance by a forwarded port. */
async function withLocalAddress(remote: RemoteHost, report: ReleaseReport): Promise<ReleaseReport> {
  if (report.address === null || report.state !== 'ready' || report.routed)
    return { ...report, address: null }
  const port = await remote.forward(new URL(report.address).host)
  return { ...report, address: `http://127.0.0.1:${port}` }
}
