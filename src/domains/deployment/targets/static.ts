import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { FairleadError } from '#contract/errors.ts'
import { OciError } from '#platform/oci/layout.ts'
import { unpack } from '#platform/oci/oci.ts'
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

const stateSchema = z.object({
  app: z.string(),
  environment: z.string(),
  /** the highest epoch of each deployment */
  epochs: z.record(z.string(), z.number()),
  stopped: z.array(z.number()),
  /** why a release could not be published */
  failed: z.record(z.string(), z.string()),
})
type State = z.infer<typeof stateSchema>

const stateFile = '.fairlead.json'
/** Deployments whose epochs are kept. */
const epochsKept = 20

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

/** The folder of a target, and why it cannot be used, if so. */
function locate(directory: string, roots: string[]): { folder: string; problem: string | null } {
  const folder = resolve(roots[0] ?? '/', directory)
  const root = roots.map((one) => resolve(one)).find((one) => folder.startsWith(one + sep))
  if (root === undefined)
    return { folder, problem: `${folder} is not inside one of ${roots.join(', ')}` }
  const parts = relative(root, folder).split(sep)
  const above = parts.map((_, count) => join(root, ...parts.slice(0, count)))
  if ([...above.slice(1), folder].some(isLink))
    return { folder, problem: `${folder} leads through a link` }
  if (above.some((one) => existsSync(join(one, stateFile))))
    return { folder, problem: `${folder} is inside the folder of another environment` }
  return { folder, problem: null }
}

function problemFor(
  owner: EnvironmentReference,
  problem: string | null,
  state: State | null,
): string | null {
  if (problem !== null) return problem
  if (state === null || isOwner(state, owner)) return null
  return `the directory belongs to the environment ${state.environment} of ${state.app}`
}

const isOwner = (state: State | null, { app, environment }: EnvironmentReference): boolean =>
  state?.app === app && state.environment === environment

const newState = ({ app, environment }: EnvironmentReference): State => ({
  ...{ app, environment, epochs: {}, stopped: [], failed: {} },
})

/** Refuses a lower epoch of a deployment, and records a higher one. */
function admit(folder: string, state: State, { deployment, epoch }: Fence): State {
  const known = state.epochs[deployment] ?? 0
  if (epoch < known) throw new FairleadError('overtaken', { what: `deployment ${deployment}` })
  const epochs: Record<string, number> = { ...state.epochs, [deployment]: epoch }
  const newest = Object.entries(epochs).toSorted(([a], [b]) => Number(b) - Number(a))
  const next = { ...state, epochs: Object.fromEntries(newest.slice(0, epochsKept)) }
  if (epoch > known) writeState(folder, next)
  return next
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

const releaseFolder = (folder: string, release: number): string =>
  join(folder, 'releases', String(release))

/**
 * Unpacks a release unless it is there; returns why it cannot be published, or null. `admitAgain`
 * throws if a newer server took over meanwhile.
 */
async function publish(
  folder: string,
  release: ReleaseSpec,
  io: TargetIo,
  admitAgain: () => unknown,
): Promise<string | null> {
  const destination = releaseFolder(folder, release.release)
  if (existsSync(destination)) return null
  const [service, ...others] = release.services
  if (service?.static === undefined || others.length > 0)
    return 'the target publishes exactly one service with `static`'
  const { deployment, epoch } = release.fence
  removeOlderDrafts(folder, release)
  const draft = mkdtempSync(join(folder, `.unpacked-${release.release}-${deployment}-${epoch}-`))
  try {
    const unpacked = join(draft, 'artifact')
    await unpack({
      ...{ layout: io.artifacts, digest: release.artifact, folder: unpacked },
      ...{ durable: true, keepFree: io.keepFree },
    })
    const path = join(service.directory, service.static)
    const found = findSite(unpacked, path)
    if ('problem' in found) return found.problem
    // Links are checked under a name that nobody knows, so that none passes because of its place.
    const site = join(draft, randomBytes(16).toString('hex'))
    renameSync(found.path, site)
    const problem = linkProblem(site, path)
    if (problem !== null) return problem
    admitAgain()
    mkdirSync(join(folder, 'releases'), { recursive: true })
    renameUnlessThere(site, destination)
    syncFolder(join(folder, 'releases'))
    return null
  } catch (error) {
    if (error instanceof OciError) return error.message
    throw error
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Another start of the same release may have published it meanwhile. */
function renameUnlessThere(path: string, destination: string): void {
  try {
    renameSync(path, destination)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** The real path of the folder in an unpacked artifact. */
function findSite(unpacked: string, name: string): { path: string } | { problem: string } {
  const site = join(unpacked, name)
  if (!existsSync(site) || !isInside(realpathSync.native(unpacked), realpathSync.native(site)))
    return { problem: `the artifact has no folder \`${name}\`` }
  const path = realpathSync.native(site)
  if (!lstatSync(path).isDirectory())
    return { problem: `\`${name}\` of the artifact is not a folder` }
  return { path }
}

/** A web server follows links, so every link must end inside the published folder. */
function linkProblem(site: string, name: string): string | null {
  const top = realpathSync.native(site)
  const entries = readdirSync(top, { recursive: true, withFileTypes: true })
  if (!entries.some((entry) => entry.isFile())) return `the folder \`${name}\` has no files`
  const link = entries
    .filter((entry) => entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .find((path) => !existsSync(path) || !isInside(top, realpathSync.native(path)))
  if (link === undefined) return null
  return `the link \`${relative(top, link)}\` does not end inside the folder \`${name}\``
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function routedRelease(folder: string): number | null {
  try {
    return Number(/^releases\/(\d+)$/.exec(readlinkSync(join(folder, 'current')))?.[1] ?? NaN)
  } catch {
    return null
  }
}

/** Replaces the link `current` in one step. */
function pointTo(folder: string, release: number): void {
  const draft = join(folder, `.current-${process.pid}`)
  rmSync(draft, { force: true })
  symlinkSync(`releases/${release}`, draft)
  renameSync(draft, join(folder, 'current'))
  syncFolder(folder)
}

/** Deletes a folder. It disappears in one step, so that a crash leaves no incomplete release. */
function discard(folder: string, path: string): void {
  const trash = join(folder, `.removed-${basename(path)}`)
  rmSync(trash, { recursive: true, force: true })
  if (existsSync(path)) renameSync(path, trash)
  rmSync(trash, { recursive: true, force: true })
}

/** What starts of this deployment left behind that a newer server repeats. */
function removeOlderDrafts(folder: string, { release, fence }: ReleaseSpec): void {
  for (const one of readdirSync(folder)) {
    const [, ...numbers] = /^\.unpacked-(\d+)-(\d+)-(\d+)-/.exec(one) ?? []
    const [number, deployment, epoch = Infinity] = numbers.map(Number)
    if (number === release && deployment === fence.deployment && epoch < fence.epoch)
      rmSync(join(folder, one), { recursive: true, force: true })
  }
}

/** What a start that was killed left behind, of one release or of all. */
function removeDrafts(folder: string, release: number | ''): void {
  const name = new RegExp(`^\\.unpacked-${release === '' ? '' : `${release}-`}`)
  for (const one of readdirSync(folder))
    if (name.test(one)) rmSync(join(folder, one), { recursive: true, force: true })
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false

function readState(folder: string): State | null {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(join(folder, stateFile), 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function writeState(folder: string, state: State): void {
  mkdirSync(folder, { recursive: true })
  const draft = join(folder, `${stateFile}-${process.pid}`)
  const fd = openSync(draft, 'w', 0o644)
  try {
    writeFileSync(fd, JSON.stringify(state))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(draft, join(folder, stateFile))
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
