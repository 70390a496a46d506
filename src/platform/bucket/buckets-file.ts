import { readFileSync, statSync } from 'node:fs'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'

const bucketSettings = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/ }),
  region: z.string().min(1).default('us-east-1'),
  bucket: z.string().min(3).max(63),
  accessKey: z.string().min(1),
  secretKey: z.string().min(1),
  /** `path`: `endpoint/bucket/key`; `host`: `bucket.endpoint/key` */
  addressing: z.enum(['path', 'host']).default('path'),
  /** the apps that may publish to it; default: every app */
  apps: z.array(z.string()).optional(),
})
export type BucketSettings = z.infer<typeof bucketSettings>

/** The buckets of the file that FAIRLEAD_BUCKETS names, by their name. */
export type BucketsFile = Record<string, BucketSettings>

const fileSchema = z.record(z.string().regex(/^[a-z0-9][a-z0-9-]*$/), bucketSettings)

/**
 * Reads the file of the buckets that apps may publish to. Throws one sentence that names the file
 * and the field; it never contains a value, because some of the values are secret.
 */
export function readBucketsFile(path: string): BucketsFile {
  const at = `FAIRLEAD_BUCKETS names ${path}`
  const refuse = (why: string, cause?: unknown): Error => new Error(`${at}, ${why}`, { cause })
  let content: unknown
  try {
    if ((statSync(path).mode & 0o077) !== 0)
      throw refuse('which other users can read; run `chmod 600` on it')
    content = parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw refuse(`which is not YAML at line ${error.linePos?.[0].line}`, error)
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw refuse(code === 'ENOENT' ? 'which does not exist' : 'which cannot be read', error)
  }
  const result = fileSchema.safeParse(content ?? {})
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new Error(`${at}: \`${issue?.path.join('.')}\` is not valid: ${issue?.message}`)
}
