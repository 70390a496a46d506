import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { FairleadError } from '#contract/errors.ts'
import {
  defineTarget,
  type EnvironmentReference,
  missingRelease,
  type ReleaseReference,
  type ReleaseReport,
  type Target,
  type TargetIo,
} from '../target.ts'
import {
  type State,
  stateFile,
  problemFor,
  isOwner,
  newState,
  admit,
  readState,
  writeState,
} from '../published-state.ts'
import {
  locate,
  releaseFolder,
  routedRelease,
  pointTo,
  discard,
  removeDrafts,
} from '../published-folder.ts'
import { publish } from '../published-release.ts'

/**
 * Publishes the folder of a `static` service for a web server that is not Fairlead's:
 *
 *     DIRECTORY/current → releases/12   what the web server serves
 *     DIRECTORY/releases/12             complete from the moment it appears
 *     DIRECTORY/.fairlead.json          owner, epochs and failures
 *
 * A release gets the traffic when a new link is renamed over `current`, which is atomic. Each check
 * of an epoch and the change after it run without interruption in one process.
 */
export default defineTarget({
  kind: 'static',
  title: 'A folder of files, published by a link',
  config: z.strictObject({
    directory: z
      .string()
      .min(1)
      .describe(
        'The folder in which releases are published, inside one of `FAIRLEAD_PUBLISH_FOLDERS`; ' +
          'your web server serves its `current`',
      ),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('The address at which the web server answers; default: not shown'),
  }),
  example: { directory: 'shop', url: 'https://shop.example.com' },
  capabilities: [],
  identity: ({ directory }) => join('/', directory),
  open: ({ directory, url }, io) => ({
    reserve: () => ({ port: null, url: url ?? null }),
    urls: () => (url === undefined ? [] : [url]),
    ...publisher(directory, io),
  }),
})

function publisher(directory: string, io: TargetIo): Omit<Target, 'reserve' | 'urls'> {
  const { folder, problem } = locate(directory, io.publishFolders)
  const read = (): State | null => readState(folder)
  const holds = (owner: EnvironmentReference): boolean => isOwner(read(), owner)
  const routed = (): number | null => routedRelease(folder)
  return {
    start: async (release) => {
      if (problemFor(release, problem, read()) !== null) return
      const { epochs, ...state } = admit(folder, read() ?? newState(release), release.fence)
      const stopped = state.stopped.filter((one) => one !== release.release)
      const { [release.release]: _failed, ...failed } = state.failed
      writeState(folder, { ...state, epochs, stopped, failed })
      const reason = await publish(folder, release, io, () =>
        admit(folder, read() ?? newState(release), release.fence),
      )
      if (reason === null) return
      const now = admit(folder, read() ?? newState(release), release.fence)
      writeState(folder, { ...now, failed: { ...now.failed, [release.release]: reason } })
    },
    report: async (reference) => {
      const failure = problemFor(reference, problem, read())
      if (failure !== null) return { ...missingRelease, state: 'failed', reason: failure }
      return reportOf(folder, reference, read())
    },
    route: async (reference, fence) => {
      const { state } = reportOf(folder, reference, read())
      if (!holds(reference) || state !== 'ready')
        throw notNow(`Release ${reference.release} is not published in ${folder}`)
      admit(folder, read() ?? newState(reference), fence)
      if (routed() !== reference.release) pointTo(folder, reference.release)
    },
    stop: async (reference, fence) => {
      if (!holds(reference) || !existsSync(releaseFolder(folder, reference.release))) return
      const state = admit(folder, read() ?? newState(reference), fence)
      refuseRouted(routed(), reference)
      const stopped = [...new Set([...state.stopped, reference.release])]
      writeState(folder, { ...state, stopped })
    },
    remove: async (reference, fence) => {
      if (!holds(reference)) return
      const { epochs, ...state } = admit(folder, read() ?? newState(reference), fence)
      refuseRouted(routed(), reference)
      discard(folder, releaseFolder(folder, reference.release))
      removeDrafts(folder, reference.release)
      const stopped = state.stopped.filter((one) => one !== reference.release)
      const { [reference.release]: _failed, ...failed } = state.failed
      writeState(folder, { ...state, epochs, stopped, failed })
    },
    environments: async () => {
      const state = read()
      return state ? [{ app: state.app, environment: state.environment }] : []
    },
    removeEnvironment: async (environment, fence) => {
      const state = read()
      if (!state || !isOwner(state, environment)) return
      if (fence) admit(folder, state, fence)
      rmSync(join(folder, 'current'), { force: true })
      discard(folder, join(folder, 'releases'))
      removeDrafts(folder, '')
      // The state goes last: until then, a repeated call finds what is left.
      rmSync(join(folder, stateFile), { force: true })
    },
  }
}

function refuseRouted(routed: number | null, { release }: ReleaseReference): void {
  if (routed === release) throw notNow(`Release ${release} has the traffic`)
}

const notNow = (why: string): FairleadError => new FairleadError('not_now', { why })

function reportOf(folder: string, reference: ReleaseReference, state: State | null): ReleaseReport {
  const { release } = reference
  const failure = isOwner(state, reference) ? state?.failed[release] : undefined
  if (failure !== undefined) return { ...missingRelease, state: 'failed', reason: failure }
  if (!isOwner(state, reference) || !existsSync(releaseFolder(folder, release)))
    return missingRelease
  const routed = routedRelease(folder) === release
  const isStopped = state?.stopped.includes(release) ?? false
  return { ...missingRelease, state: isStopped ? 'stopped' : 'ready', routed }
}
