import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { z } from 'zod'
import { defaultHeaders, isHidden } from '#platform/site/files.ts'
import { type HeaderRule, headersFor, parseHeaders } from '#platform/site/headers.ts'
import type { Bucket, ObjectHeaders } from '#platform/bucket/bucket.ts'
import type { BucketKeys } from './bucket-state.ts'
import type { BucketState } from './open-bucket.ts'
import { withSite } from './published-release.ts'
import type { ReleaseSpec, TargetIo } from './target.ts'

/** The files of a release: path → SHA-256 and headers. */
const manifestSchema = z.record(
  z.string(),
  z.object({ digest: z.string(), headers: z.record(z.string(), z.string()) }),
)
export type BucketManifest = z.infer<typeof manifestSchema>

/** Requests to a store at the same time. */
const atOnce = 6
/** The largest object that a store copies in one request. */
const largestFile = 5e9

export const manifestKey = (keys: BucketKeys, release: number): string =>
  `${keys.release(release)}manifest.json`

export const fileKey = (keys: BucketKeys, release: number, path: string): string =>
  `${keys.release(release)}files/${path}`

/** The manifest of a release, or of the live site; null when the bucket has none. */
export async function readManifest(bucket: Bucket, key: string): Promise<BucketManifest | null> {
  const object = await bucket.read(key)
  return object && manifestSchema.parse(JSON.parse(object.text))
}

export const writeManifest = (
  bucket: Bucket,
  key: string,
  manifest: BucketManifest,
): Promise<void> =>
  bucket.write(key, JSON.stringify(manifest), { 'content-type': 'application/json' })

/**
 * Stores the files of a release, and its manifest after them: a release without a manifest is not
 * complete. Returns why the release cannot be published, or null. `admitAgain` throws when a newer
 * server took over.
 */
export async function storeRelease(
  bucket: Bucket,
  keys: BucketKeys,
  release: ReleaseSpec,
  io: TargetIo,
  admitAgain: () => Promise<BucketState>,
): Promise<string | null> {
  return withSite(release, io, async (site) => {
    const files = filesOf(site)
    if (typeof files === 'string') return files
    const rules = headerRules(site)
    if (typeof rules === 'string') return rules
    const { live } = await admitAgain()
    const former = live === null ? null : await readManifest(bucket, manifestKey(keys, live))
    const manifest: BucketManifest = {}
    await inParallel(files, async (path) => {
      const file = join(site, path)
      const digest = await digestOf(file)
      const headers = headersOf(rules, path)
      const to = fileKey(keys, release.release, path)
      const isCopied =
        former?.[path]?.digest === digest &&
        (await bucket.copy(fileKey(keys, live ?? 0, path), to, headers))
      if (!isCopied) await bucket.upload(to, file, headers)
      manifest[path] = { digest, headers }
    })
    await admitAgain()
    await writeManifest(bucket, manifestKey(keys, release.release), manifest)
    return null
  })
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(file)) hash.update(bytes as Buffer)
  return hash.digest('hex')
}

/** The paths that visitors may get, or why the folder cannot be published. */
function filesOf(site: string): string[] | string {
  const files = readdirSync(site, { recursive: true, withFileTypes: true })
    .map((entry) => relative(site, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path !== '_headers' && !isHidden(path) && statSync(join(site, path)).isFile())
  const large = files.find((path) => statSync(join(site, path)).size > largestFile)
  if (large !== undefined)
    return `the file \`${large}\` is larger than ${largestFile / 1e9} GB, the most for a bucket`
  return files.length > 0 ? files.toSorted() : 'the folder has no files'
}

/** What a store keeps with an object and answers with it. */
const storable = new Set([
  ...['cache-control', 'content-type', 'content-disposition', 'content-language'],
  ...['content-encoding', 'expires'],
])

/** The rules of the site's `_headers`, or why a bucket cannot obey its files. */
function headerRules(site: string): HeaderRule[] | string {
  if (existsSync(join(site, '_redirects')))
    return 'a bucket cannot redirect, and the site has the file `_redirects`'
  const file = join(site, '_headers')
  const rules = existsSync(file) ? parseHeaders(readFileSync(file, 'utf8')) : []
  if (typeof rules === 'string') return rules
  const other = rules.flatMap(({ headers }) => headers).find(([name]) => !storable.has(name))
  return other === undefined ? rules : `a bucket cannot send the header \`${other[0]}\` of _headers`
}

/** The headers of a file by `_headers`; the page of a folder is at the path of the folder. */
const headersOf = (rules: HeaderRule[], path: string): ObjectHeaders =>
  headersFor(rules, `/${path.replace(/(^|\/)index\.html$/, '$1')}`, defaultHeaders(path))

/** Whether a file names others: it is replaced after them. */
export const isPage = (path: string): boolean =>
  /\.(html?|xhtml|xml|webmanifest)$/.test(path) || /(^|\/)(sw|service-worker)\.js$/.test(path)

/** Works on items, a few at a time; the first error ends it. */
export async function inParallel<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items].toReversed()
  const workers = Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item)
  })
  try {
    await Promise.all(workers)
  } finally {
    left.length = 0
  }
}
