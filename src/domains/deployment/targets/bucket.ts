import { z } from 'zod'
import { FairleadError } from '#contract/errors.ts'
import { type Bucket, Refused } from '#platform/bucket/bucket.ts'
import { isOwner, keysOf, readState, updateState } from '../bucket-state.ts'
import { inParallel, readManifest, storeRelease } from '../bucket-release.ts'
import type { BucketState, OpenBucket } from '../open-bucket.ts'
import { admitEpoch } from '../published-state.ts'
import { publishRelease } from '../bucket-traffic.ts'
import {
  defineTarget,
  type EnvironmentReference,
  missingRelease,
  type ReleaseReference,
  type ReleaseReport,
  type Target,
  type TargetIo,
} from '../target.ts'

/**
 * Publishes the folder of a `static` service in a bucket with the API of S3:
 *
 *     PREFIX…                                       what visitors get
 *     PREFIX.fairlead/releases/12/files/…           the files of a release that is kept
 *     PREFIX.fairlead/releases/12/manifest.json     complete from the moment it appears
 *     PREFIX.fairlead/live.json                     what is in place, by path
 *     PREFIX.fairlead/state.json                    owner, epochs, releases, failures
 *
 * A bucket has no atomic switch. Assets are copied before pages, and deletions come last.
 */
export default defineTarget({
  kind: 'bucket',
  title: 'A bucket with the API of S3',
  config: z.strictObject({
    bucket: z
      .string()
      .min(1)
      .describe('The name of a bucket in the file that `FAIRLEAD_BUCKETS` names on the server'),
    prefix: z
      .string()
      .regex(/^([a-zA-Z0-9_-][a-zA-Z0-9._-]*\/)*$/, 'must be empty or end with `/`, as in `shop/`')
      .default('')
      .describe('What the keys of the site begin with, as in `shop/`; default: nothing'),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('The address at which the site answers; default: not shown'),
  }),
  example: { bucket: 'site', prefix: 'shop/', url: 'https://shop.example.com' },
  capabilities: [],
  identity: ({ bucket, prefix }) => `${bucket}/${prefix}`,
  open: ({ bucket, prefix, url }, io) => ({
    reserve: () => ({ port: null, url: url ?? null }),
    urls: () => (url === undefined ? [] : [url]),
    ...publisher(bucket, prefix, io),
  }),
})

/** Milliseconds for which a report about a release uses the state that was read before. */
const reportMs = 5000

function publisher(name: string, prefix: string, io: TargetIo): Omit<Target, 'reserve' | 'urls'> {
  const keys = keysOf(prefix)
  const opened = io.buckets.get(name)
  const bucketFor = (owner: EnvironmentReference): Bucket => {
    if (opened !== undefined && isAllowed(opened, owner)) return opened.bucket
    throw notNow(setUp(name, opened))
  }
  const update = (
    owner: EnvironmentReference,
    change: (state: BucketState) => BucketState,
  ): Promise<BucketState> => {
    opened?.states.delete(prefix)
    return updateState(bucketFor(owner), keys, owner, (state) => {
      if (!isOwner(state, owner)) throw notNow(belongsTo(state))
      return change(state)
    })
  }
  const holds = async (owner: EnvironmentReference): Promise<BucketState | null> => {
    if (opened === undefined || !isAllowed(opened, owner)) return null
    const state = await readState(opened.bucket, keys)
    return isOwner(state, owner) ? state : null
  }
  return {
    start: async (release) => {
      const failure = keyOf(name, prefix, release)
      io.failures.delete(failure)
      if (opened === undefined || !isAllowed(opened, release)) return
      try {
        const { release: number, fence } = release
        const outer = await outerOwner(opened.bucket, prefix)
        const state = await readState(opened.bucket, keys)
        const problem = outer ?? (state && !isOwner(state, release) ? belongsTo(state) : null)
        if (problem !== null) return void io.failures.set(failure, problem)
        const admitted = await update(release, (now) =>
          started(admitEpoch(now, fence), number, now.releases[number] && 'ready'),
        )
        if (admitted.releases[number] !== undefined) return
        const reason = await storeRelease(opened.bucket, keys, release, io, () =>
          update(release, (now) => admitEpoch(now, fence)),
        )
        await update(release, (now) =>
          reason === null
            ? started(admitEpoch(now, fence), number, 'ready')
            : { ...admitEpoch(now, fence), failed: { ...now.failed, [number]: reason } },
        )
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        io.failures.set(failure, error.message)
      }
    },
    report: async (reference, waitMs) => {
      const failed = (reason: string): ReleaseReport => ({
        ...{ ...missingRelease, state: 'failed', reason },
      })
      if (opened === undefined || !isAllowed(opened, reference)) return failed(setUp(name, opened))
      const failure = io.failures.get(keyOf(name, prefix, reference))
      if (failure !== undefined) return failed(failure)
      const seen = opened.states.get(prefix)
      const now = io.clock.monotonic()
      if (waitMs === 0 && seen !== undefined && now - seen.at < reportMs)
        return reportOf(reference, seen.state)
      const state = await readState(opened.bucket, keys)
      opened.states.set(prefix, { state, at: now })
      return reportOf(reference, state)
    },
    route: async (reference, fence) => {
      const state = await holds(reference)
      if (state?.releases[reference.release] !== 'ready')
        throw notNow(`Release ${reference.release} is not published in the bucket ${name}`)
      admitEpoch(state, fence)
      if (state.live === reference.release && !state.isChanging) return
      await publishRelease(bucketFor(reference), keys, reference, fence)
      opened?.states.delete(prefix)
    },
    stop: async (reference, fence) => {
      const state = await holds(reference)
      if (state?.releases[reference.release] === undefined) return
      await update(reference, (now) => {
        refuseLive(now, reference)
        return started(admitEpoch(now, fence), reference.release, 'stopped')
      })
    },
    remove: async (reference, fence) => {
      if ((await holds(reference)) === null) return
      await update(reference, (now) => {
        refuseLive(now, reference)
        return started(admitEpoch(now, fence), reference.release, undefined)
      })
      io.failures.delete(keyOf(name, prefix, reference))
      const bucket = bucketFor(reference)
      const stored = await bucket.list(keys.release(reference.release))
      await inParallel(stored, (key) => bucket.remove(key))
    },
    environments: async () => {
      const state = opened === undefined ? null : await readState(opened.bucket, keys)
      return state ? [{ app: state.app, environment: state.environment }] : []
    },
    removeEnvironment: async (environment, fence) => {
      const state = await holds(environment)
      if (state === null) return
      if (fence) admitEpoch(state, fence)
      const bucket = bucketFor(environment)
      const live = Object.keys((await readManifest(bucket, keys.live)) ?? {})
      await inParallel(live, (path) => bucket.remove(keys.site(path)))
      const own = (await bucket.list(keys.own)).filter((key) => key !== keys.state)
      await inParallel(own, (key) => bucket.remove(key))
      // The state goes last: until then, a repeated call finds what is left.
      await bucket.remove(keys.state)
      opened?.states.delete(prefix)
    },
  }
}

const keyOf = (name: string, prefix: string, one: ReleaseReference): string =>
  `${name} ${prefix} ${one.app} ${one.environment} ${one.release}`

/** The state with a release as `kept`, and without its failure; undefined: not kept. */
function started(
  state: BucketState,
  release: number,
  kept: 'ready' | 'stopped' | undefined,
): BucketState {
  const { [release]: _before, ...releases } = state.releases
  const { [release]: _failed, ...failed } = state.failed
  return {
    ...{ ...state, failed },
    releases: kept === undefined ? releases : { ...releases, [release]: kept },
  }
}

const isAllowed = ({ apps }: OpenBucket, { app }: EnvironmentReference): boolean =>
  apps === null || apps.includes(app)

const setUp = (name: string, opened: OpenBucket | undefined): string =>
  opened === undefined
    ? `the server has no bucket \`${name}\`; an administrator adds it to the file that ` +
      'FAIRLEAD_BUCKETS names'
    : `the app may not publish to the bucket \`${name}\`; an administrator adds it to its \`apps\``

const belongsTo = ({ app, environment }: EnvironmentReference): string =>
  `the prefix belongs to the environment ${environment} of ${app}`

/** Why a prefix cannot be used because it is inside of another; null when it can. */
async function outerOwner(bucket: Bucket, prefix: string): Promise<string | null> {
  const parts = prefix.split('/').slice(0, -1)
  for (const [count] of parts.entries()) {
    const outer = parts.slice(0, count).map((part) => `${part}/`)
    if (await readState(bucket, keysOf(outer.join(''))))
      return `the prefix is inside the prefix \`${outer.join('')}\` of another environment`
  }
  return null
}

function refuseLive({ live }: BucketState, { release }: ReleaseReference): void {
  if (live === release) throw notNow(`Release ${release} has the traffic`)
}

const notNow = (why: string): FairleadError => new FairleadError('not_now', { why })

function reportOf(reference: ReleaseReference, state: BucketState | null): ReleaseReport {
  const { release } = reference
  if (!state || !isOwner(state, reference)) return missingRelease
  const reason = state.failed[release]
  if (reason !== undefined) return { ...missingRelease, state: 'failed', reason }
  const kept = state.releases[release]
  const routed = state.live === release && !state.isChanging
  return kept ? { ...missingRelease, state: kept, routed } : missingRelease
}
