import { posix } from 'node:path'
import { z } from 'zod'
import { FairleadError } from '#contract/errors.ts'
import { SshRefused } from '#platform/ssh/ssh.ts'
import { type RemoteContent, RemoteFolder, type RemotePlace } from '../remote-folder.ts'
import { withSite } from '../published-release.ts'
import { admitEpoch, isOwner, newState, problemFor, type State } from '../published-state.ts'
import {
  defineTarget,
  type EnvironmentReference,
  type Fence,
  missingRelease,
  type ReleaseReference,
  type ReleaseReport,
  type ReleaseSpec,
  type Target,
  type TargetIo,
} from '../target.ts'

/** The most conditional changes that are tried while other servers change the folder. */
const tries = 10

/**
 * Publishes the folder of a `static` service on another machine, with rsync over SSH, for a web
 * server that is not Fairlead's. The folder is laid out like that of the target `static`:
 *
 *     FOLDER/current → releases/12   what the web server serves
 *     FOLDER/releases/12             complete from the moment it appears
 *     FOLDER/.fairlead.json          owner, epochs and failures
 *
 * Every change runs under a lock of the folder, and only if the state is still the one that was
 * read: a server that was replaced changes nothing.
 */
export default defineTarget({
  kind: 'rsync',
  title: 'A folder of another machine, over SSH',
  config: z.strictObject({
    folder: z
      .string()
      .regex(
        /^(?:[\w.-]+@)?[\w.-]+:\/[^\0\n]*[^\0\n/]$/,
        'must be a machine and a folder, such as deploy@www.example.com:/srv/www/shop',
      )
      .describe(
        'The machine and the folder in which releases are published, inside one of ' +
          '`FAIRLEAD_RSYNC_FOLDERS`; your web server serves its `current`',
      ),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('The address at which the web server answers; default: not shown'),
  }),
  example: { folder: 'deploy@www.example.com:/srv/www/shop' },
  capabilities: [],
  identity: ({ folder }) => folder,
  open: ({ folder, url }, io) => ({
    reserve: () => ({ port: null, url: url ?? null }),
    urls: () => (url === undefined ? [] : [url]),
    ...publisher(folder, io),
  }),
})

function publisher(place: string, io: TargetIo): Omit<Target, 'reserve' | 'urls'> {
  const located = locate(place, io.remoteFolders)
  const remote = 'problem' in located ? null : new RemoteFolder(located, io.ssh)
  const read = async (owner: EnvironmentReference): Promise<RemoteContent | null> => {
    const content = (await remote?.read()) ?? null
    return content !== null && isOwner(content.state, owner) ? content : null
  }
  return {
    start: async (release) => {
      if (remote === null) return
      const failures = io.failures
      failures.delete(keyOf(place, release))
      try {
        const problem = await publish(remote, release, io)
        if (problem !== null) failures.set(keyOf(place, release), problem)
      } catch (error) {
        if (!(error instanceof SshRefused)) throw error
        failures.set(keyOf(place, release), error.message)
      }
    },
    report: async (reference) => {
      const reason = 'problem' in located ? located.problem : null
      const failure = reason ?? io.failures.get(keyOf(place, reference))
      if (failure !== undefined) return { ...missingRelease, state: 'failed', reason: failure }
      return reportOf(reference, await read(reference))
    },
    route: async (reference, fence) => {
      if (remote === null || reportOf(reference, await read(reference)).state !== 'ready')
        throw notNow(`Release ${reference.release} is not published in ${place}`)
      await change(remote, reference, fence, async (tag, { live }) =>
        live === reference.release ? true : remote.point(tag, reference.release),
      )
    },
    stop: async (reference, fence) => {
      if (remote === null || !(await read(reference))?.releases.includes(reference.release)) return
      await change(remote, reference, fence, async (tag, { live }, state) => {
        refuseLive(live, reference)
        const stopped = [...new Set([...state.stopped, reference.release])]
        return remote.write(tag, { ...state, stopped })
      })
    },
    remove: async (reference, fence) => {
      if (remote === null || (await read(reference)) === null) return
      const { release } = reference
      await change(remote, reference, fence, async (tag, { live }) => {
        refuseLive(live, reference)
        return remote.remove(tag, release)
      })
      await change(remote, reference, fence, (tag, _content, state) =>
        remote.write(tag, without(state, release)),
      )
      io.failures.delete(keyOf(place, reference))
    },
    environments: async () => {
      const state = (await remote?.read())?.state
      return state ? [{ app: state.app, environment: state.environment }] : []
    },
    removeEnvironment: async (environment, fence) => {
      const content = await read(environment)
      if (remote === null || content === null || content.state === null) return
      if (fence) admitEpoch(content.state, fence)
      if (!(await remote.removeAll(content.tag)))
        throw new FairleadError('unavailable', { what: `The state in ${place}` })
    },
  }
}

/**
 * Publishes a release unless it is there. Returns why the folder cannot be used, or null; the state
 * in the folder has other reasons.
 */
async function publish(
  remote: RemoteFolder,
  release: ReleaseSpec,
  io: TargetIo,
): Promise<string | null> {
  const { release: number, fence } = release
  const before = await remote.read()
  const problem = problemFor(release, null, before.state)
  if (problem !== null) return problem
  if (await remote.isInsideAnother())
    return 'the folder is inside the folder of another environment'
  await change(remote, release, fence, (tag, _content, state) =>
    remote.write(tag, without(state, number)),
  )
  if (before.releases.includes(number)) return null
  const reason = await withSite(release, io, async (site) => {
    const uploaded = await remote.upload(site, number, fence)
    if ('problem' in uploaded) return uploaded.problem
    await change(remote, release, fence, (tag) => remote.keep(tag, number, uploaded.draft))
    return null
  })
  if (reason !== null)
    await change(remote, release, fence, (tag, _content, state) =>
      remote.write(tag, { ...state, failed: { ...state.failed, [number]: reason } }),
    )
  return null
}

/**
 * Admits the fence, and then makes a change that must follow the state with its tag; both are
 * repeated while other servers change the folder.
 */
async function change(
  remote: RemoteFolder,
  owner: EnvironmentReference,
  fence: Fence,
  work: (tag: string, content: RemoteContent, state: State) => Promise<boolean>,
): Promise<void> {
  for (let attempt = 1; attempt <= tries; attempt++) {
    const content = await remote.read()
    const known = content.state ?? newState(owner)
    if (!isOwner(known, owner)) throw notNow(problemFor(owner, null, known) ?? '')
    const state = admitEpoch(known, fence)
    const isAdmitted = content.state?.epochs[fence.deployment] === fence.epoch
    if (!isAdmitted) await remote.write(content.tag, state)
    else if (await work(content.tag, content, state)) return
  }
  throw new FairleadError('unavailable', { what: 'The state of the folder' })
}

function without(state: State, release: number): State {
  const { [release]: _failed, ...failed } = state.failed
  return { ...state, failed, stopped: state.stopped.filter((one) => one !== release) }
}

/** The machine and the folder, or why they cannot be used. */
function locate(place: string, roots: readonly string[]): RemotePlace | { problem: string } {
  const [, destination = '', path = ''] = /^([^:]+):(.*)$/.exec(place) ?? []
  const folder = posix.normalize(path)
  const root = roots
    .map((one) => /^([^:]+):(.*)$/.exec(one))
    .find((one) => one?.[1] === destination && folder.startsWith(`${posix.join(one[2] ?? '/')}/`))
  if (root) return { destination, folder, root: posix.join(root[2] ?? '/') }
  const allowed = roots.length === 0 ? 'which is not set' : `which has ${roots.join(', ')}`
  return { problem: `${place} is not inside a folder of FAIRLEAD_RSYNC_FOLDERS, ${allowed}` }
}

const keyOf = (place: string, { app, environment, release }: ReleaseReference): string =>
  `${place} ${app} ${environment} ${release}`

function refuseLive(live: number | null, { release }: ReleaseReference): void {
  if (live === release) throw notNow(`Release ${release} has the traffic`)
}

const notNow = (why: string): FairleadError => new FairleadError('not_now', { why })

function reportOf(reference: ReleaseReference, content: RemoteContent | null): ReleaseReport {
  const { release } = reference
  if (!content?.state) return missingRelease
  const reason = content.state.failed[release]
  if (reason !== undefined) return { ...missingRelease, state: 'failed', reason }
  if (!content.releases.includes(release)) return missingRelease
  const isStopped = content.state.stopped.includes(release)
  const routed = content.live === release
  return { ...missingRelease, state: isStopped ? 'stopped' : 'ready', routed }
}
