import { isDeepStrictEqual } from 'node:util'
import { FairleadError } from '#contract/errors.ts'
import type { Bucket } from '#platform/bucket/bucket.ts'
import { type BucketKeys, updateState } from './bucket-state.ts'
import type { BucketState } from './open-bucket.ts'
import {
  type BucketManifest,
  fileKey,
  inParallel,
  isPage,
  manifestKey,
  readManifest,
  writeManifest,
} from './bucket-release.ts'
import { admitEpoch } from './published-state.ts'
import type { Fence, ReleaseReference } from './target.ts'

/** Files between two checks that no newer server took over. */
const filesAtOnce = 100
/** A file that may be in place, wholly, partly or not at all. */
const unknown = { digest: '', headers: {} }

/**
 * Makes a release the one that visitors get: its assets are copied before the pages that name them.
 * Then the pages that it no longer has are deleted, and the assets that no kept release has: a
 * browser with a page of the release before still finds its assets. `live.json` lists what is in
 * place. A file that is about to change is listed as unknown first, so that a later publication
 * copies or deletes it, whatever a server that died had done.
 */
export async function publishRelease(
  bucket: Bucket,
  keys: BucketKeys,
  reference: ReleaseReference,
  fence: Fence,
): Promise<void> {
  const { release } = reference
  const admitted = (): Promise<BucketState> =>
    updateState(bucket, keys, reference, (state) => admitEpoch(state, fence))
  const state = await updateState(bucket, keys, reference, (now) => ({
    ...{ ...admitEpoch(now, fence), isChanging: true },
  }))
  const wanted = await readManifest(bucket, manifestKey(keys, release))
  if (wanted === null) throw new FairleadError('not_now', { why: `Release ${release} is missing` })
  const live = (await readManifest(bucket, keys.live)) ?? {}
  const changed = Object.keys(wanted).filter((path) => !isDeepStrictEqual(live[path], wanted[path]))
  const old = await unused(bucket, keys, { state, live, wanted })
  const marked = [...changed, ...old].map((path) => [path, unknown] as const)
  await writeManifest(bucket, keys.live, { ...live, ...Object.fromEntries(marked) })
  const work = async (paths: string[], one: (path: string) => Promise<void>): Promise<void> => {
    for (let from = 0; from < paths.length; from += filesAtOnce) {
      await admitted()
      await inParallel(paths.slice(from, from + filesAtOnce), one)
    }
  }
  const copy = (path: string): Promise<void> => copyFile(bucket, keys, release, path, wanted)
  await work(
    changed.filter((path) => !isPage(path)),
    copy,
  )
  await work(changed.filter(isPage), copy)
  await work(old, (path) => bucket.remove(keys.site(path)))
  await admitted()
  await writeManifest(bucket, keys.live, without({ ...live, ...wanted }, old))
  await updateState(bucket, keys, reference, (now) => ({
    ...{ ...admitEpoch(now, fence), live: release, isChanging: false },
  }))
}

async function copyFile(
  bucket: Bucket,
  keys: BucketKeys,
  release: number,
  path: string,
  manifest: BucketManifest,
): Promise<void> {
  const { headers = {} } = manifest[path] ?? {}
  if (await bucket.copy(fileKey(keys, release, path), keys.site(path), headers)) return
  throw new FairleadError('not_now', { why: `The bucket lost the file ${path} of ${release}` })
}

/** The files that are in place and that nobody needs. */
async function unused(
  bucket: Bucket,
  keys: BucketKeys,
  { state, live, wanted }: { state: BucketState; live: BucketManifest; wanted: BucketManifest },
): Promise<string[]> {
  const gone = Object.keys(live).filter((path) => !Object.hasOwn(wanted, path))
  if (gone.every(isPage)) return gone
  const kept = new Set<string>()
  for (const release of Object.keys(state.releases)) {
    const manifest = await readManifest(bucket, manifestKey(keys, Number(release)))
    for (const path of Object.keys(manifest ?? {})) kept.add(path)
  }
  return gone.filter((path) => isPage(path) || !kept.has(path))
}

const without = (manifest: BucketManifest, paths: string[]): BucketManifest => {
  const left = new Set(paths)
  return Object.fromEntries(Object.entries(manifest).filter(([path]) => !left.has(path)))
}
