import { FairleadError } from '#contract/errors.ts'
import type { AskedHost } from './remote-host.ts'
import { mergeCounts, type HostAnswer, mergeReports, switchProblem } from './several-hosts.ts'
import type {
  ReleaseReference,
  ReleaseReport,
  ServedPlace,
  Target,
  TargetIo,
  TrafficShare,
} from './target.ts'

/** One of the hosts of an environment. */
export interface Member {
  name: string
  target: Target
}

type Io = Pick<TargetIo, 'remote'>

/**
 * Several hosts as one target. What changes something happens on every host, in parallel, and
 * throws when one does not do it; every call can be repeated. Commands run and faults of
 * experiments are made on the first host that is not drained.
 */
export function severalTarget(
  members: readonly [Member, ...Member[]],
  io: Io,
  patienceMs: number,
): Target {
  const serving = members.filter(({ name }) => !io.remote(name).isDrained())
  const { name: firstName, target: first } = serving[0] ?? members[0]
  const everywhere = async (work: (target: Target) => Promise<void>): Promise<void> =>
    void (await onEach(members, ({ target }) => work(target)))
  return {
    reserve: (request) => first.reserve(request),
    urls: (environment) => members.flatMap(({ target }) => target.urls(environment)),
    start: (release) => everywhere((target) => target.start(release)),
    report: async (reference, waitMs) => {
      const answers = await reportOfEach(members, reference, waitMs)
      const merged = mergeReports(answers)
      if (merged === null) throw away(answers)
      return merged
    },
    route: async (reference, fence) => {
      const problem = switchProblem(await reportOfEach(members, reference, 0))
      if (problem !== null) throw new FairleadError('not_now', { why: problem })
      await everywhere((target) => target.route(reference, fence))
    },
    stop: (reference, fence) => everywhere((target) => target.stop(reference, fence)),
    remove: (reference, fence) => everywhere((target) => target.remove(reference, fence)),
    environments: async () => {
      const all = (await onEach(members, ({ target }) => target.environments())).flat()
      return [...new Map(all.map((one) => [`${one.app}/${one.environment}`, one])).values()]
    },
    stopServices: (environment, services, fence) =>
      everywhere(async (target) => target.stopServices?.(environment, services, fence)),
    removeEnvironment: (environment, fence, leaveMs) =>
      everywhere((target) => target.removeEnvironment(environment, fence, leaveMs)),
    hosts: {
      names: members.map(({ name }) => name),
      first: firstName,
      patienceMs,
      ask: () => Promise.all(members.map(({ name }) => askHost(io, name))),
      on: (names) => {
        const [one, ...others] = members.filter(({ name }) => names.includes(name))
        if (!one) throw new FairleadError('unavailable', { what: 'Every host' })
        return severalTarget([one, ...others], io, patienceMs)
      },
    },
    share: severalShare(members),
    ...(first.commands && { commands: first.commands }),
    ...(first.faults && { faults: first.faults }),
    metrics: async (reference, path, only) => {
      const read = await onEach(members, async ({ name, target }) =>
        ((await target.metrics?.(reference, path, only)) ?? []).map((one) => ({
          ...{ ...one, instance: `${name}/${one.instance}` },
        })),
      )
      return read.flat()
    },
    ...(first.rehearse && { rehearse: first.rehearse }),
    restart: async (reference, service) => {
      for (const { name, target } of serving) {
        const problem = (await target.restart?.(reference, service)) ?? null
        if (problem !== null) return `${problem} (on ${name})`
      }
      return null
    },
    log: async (reference, service, lines) => {
      const read = await onEach(members, async ({ name, target }) =>
        ((await target.log?.(reference, service, lines)) ?? []).map((line) => ({
          ...{ ...line, host: name },
        })),
      )
      return read.flat()
    },
  }
}

function severalShare(members: readonly Member[]): TrafficShare {
  return {
    split: async (environment, baseline, canary, fence) =>
      void (await onEach(members, ({ target }) =>
        target.share?.split(environment, baseline, canary, fence),
      )),
    observations: async (canary, after, waitMs) =>
      mergeCounts(
        await onEach(members, async ({ name: host, target }) => {
          const from = { '': after[host] ?? 0 }
          const read = await target.share?.observations(canary, from, waitMs)
          return { host, ...(read ?? { batches: [], next: from }) }
        }),
      ),
    served: async (environment, after) => {
      const read = await Promise.all(
        members.map(async ({ name, target }) => {
          const from = after?.hosts?.[name] ?? null
          const answer = await target.share?.served(environment, from).catch(ifAway)
          return { name, position: answer?.position ?? from, seconds: answer?.seconds ?? [] }
        }),
      )
      const positions = read.flatMap(({ name, position }): [string, ServedPlace][] =>
        position === null ? [] : [[name, position]],
      )
      if (positions.length === 0) throw new FairleadError('unavailable', { what: 'Every host' })
      return {
        position: { run: '', next: 0, hosts: Object.fromEntries(positions) },
        seconds: read.flatMap(({ seconds }) => seconds),
      }
    },
  }
}

/** Does something on each host; afterwards, throws the first failure that is not an absence. */
async function onEach<T>(
  members: readonly Member[],
  work: (member: Member) => Promise<T> | undefined,
): Promise<Awaited<T>[]> {
  const done = await Promise.allSettled(members.map(async (member) => work(member)))
  const failures = done.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []))
  const worst = failures.find((error) => !isAway(error)) ?? failures[0]
  if (worst !== undefined) throw worst
  return done.map((one) => (one as PromiseFulfilledResult<Awaited<T>>).value)
}

function reportOfEach(
  members: readonly Member[],
  reference: ReleaseReference,
  waitMs: number,
): Promise<HostAnswer<ReleaseReport>[]> {
  return Promise.all(
    members.map(async ({ name, target }) => ({
      host: name,
      answer: (await target.report(reference, waitMs).catch(ifAway)) ?? null,
    })),
  )
}

async function askHost(io: Io, name: string): Promise<AskedHost> {
  const remote = io.remote(name)
  const awayMs = remote.awayMs()
  const isDrained = remote.isDrained()
  if (awayMs !== null) return { name, awayMs, isDrained }
  return remote.client.status().then(
    () => ({ name, awayMs: null, isDrained }),
    () => ({ name, awayMs: remote.awayMs() ?? 0, isDrained }),
  )
}

function away(answers: HostAnswer<unknown>[]): FairleadError {
  const silent = answers.filter(({ answer }) => answer === null).map(({ host }) => host)
  return new FairleadError('unavailable', { what: `The host ${silent.join(', ')}` })
}

const isAway = (error: unknown): boolean =>
  error instanceof FairleadError && error.code === 'unavailable'

function ifAway(error: unknown): undefined {
  if (!isAway(error)) throw error
  return undefined
}
