import { isDeepStrictEqual } from 'node:util'
import { FairleadError } from '#contract/errors.ts'
import type { Bucket } from '#platform/bucket/bucket.ts'
import { type BucketState, bucketState } from './open-bucket.ts'
import type { EnvironmentReference } from './target.ts'

/** How often a conditional write is repeated that another server overtook. */
const tries = 10

/** The keys of the objects of an environment: its site, and the own objects of Fairlead. */
export interface BucketKeys {
  /** of a file that visitors get */
  site(path: string): string
  own: string
  state: string
  live: string
  release(release: number): string
}

export function keysOf(prefix: string): BucketKeys {
  const own = `${prefix}.fairlead/`
  return {
    site: (path) => prefix + path,
    ...{ own, state: `${own}state.json`, live: `${own}live.json` },
    release: (release) => `${own}releases/${release}/`,
  }
}

export const isOwner = (
  state: BucketState | null,
  { app, environment }: EnvironmentReference,
): boolean => state?.app === app && state.environment === environment

export const newState = ({ app, environment }: EnvironmentReference): BucketState => ({
  ...{ app, environment, epochs: {}, releases: {}, failed: {}, live: null, isChanging: false },
})

export async function readState(bucket: Bucket, keys: BucketKeys): Promise<BucketState | null> {
  return (await readWithTag(bucket, keys)).state
}

async function readWithTag(
  bucket: Bucket,
  keys: BucketKeys,
): Promise<{ state: BucketState | null; etag: string | null }> {
  const object = await bucket.read(keys.state)
  if (object === null) return { state: null, etag: null }
  return { state: bucketState.parse(JSON.parse(object.text)), etag: object.etag }
}

/**
 * Changes the state by a conditional write, so that no change of another server is lost. `change`
 * is repeated on the newest state, and throws to refuse. A state that is the same is not written.
 */
export async function updateState(
  bucket: Bucket,
  keys: BucketKeys,
  owner: EnvironmentReference,
  change: (state: BucketState) => BucketState,
): Promise<BucketState> {
  for (let attempt = 1; attempt <= tries; attempt++) {
    const { state, etag } = await readWithTag(bucket, keys)
    const before = state ?? newState(owner)
    const after = change(before)
    if (etag !== null && isDeepStrictEqual(after, before)) return before
    if (await bucket.replace(keys.state, JSON.stringify(after), etag)) return after
  }
  throw new FairleadError('unavailable', { what: 'The state in the bucket' })
}
