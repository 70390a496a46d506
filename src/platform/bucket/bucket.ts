import { createReadStream, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { S3Client, S3Errors } from '@bradenmacdonald/s3-lite-client'
import { FairleadError } from '#contract/errors.ts'
import type { BucketSettings } from './buckets-file.ts'

/** Headers that a bucket stores with an object and answers with it. */
export type ObjectHeaders = Record<string, string>

/** An object, and its entity tag for a conditional write. */
export interface ReadObject {
  text: string
  etag: string
}

/**
 * A bucket of an object store with the API of S3. Every method can be repeated. A method throws
 * `unavailable` when the store does not answer or is overloaded, and `Refused` when it refuses the
 * request.
 */
export interface Bucket {
  /** null when the bucket has no such object */
  read(key: string): Promise<ReadObject | null>
  /** Stores a file, in parts when it is large. */
  upload(key: string, file: string, headers: ObjectHeaders): Promise<void>
  /** Stores text. */
  write(key: string, text: string, headers: ObjectHeaders): Promise<void>
  /**
   * Stores text if the object still has the entity tag, or does not exist when `etag` is null.
   * Returns whether it was stored. Stores without conditional writes store it in any case.
   */
  replace(key: string, text: string, etag: string | null): Promise<boolean>
  /** Copies an object within the bucket; returns whether the source exists. */
  copy(from: string, to: string, headers: ObjectHeaders): Promise<boolean>
  /** Deletes an object; one that does not exist is not an error. */
  remove(key: string): Promise<void>
  /** The keys that begin with `prefix`. */
  list(prefix: string): Promise<string[]>
}

/** Milliseconds for one request, and what an upload gets besides for each of its bytes. */
const timeoutMs = 60_000
const timeoutMsPerByte = 0.01
/** Tries of a request that the store did not answer. */
const tries = 3
/** Bytes of a part of a large upload, the least that S3 allows. Four are in memory. */
const partSize = 5 * 2 ** 20

/**
 * Opens a bucket. `name` is what errors call it; a request is repeated after `pauseMs`, and then
 * after twice as long.
 */
export function openBucket(name: string, settings: BucketSettings, pauseMs = 400): Bucket {
  const client = new S3Client({
    ...{ endPoint: settings.endpoint, region: settings.region, bucket: settings.bucket },
    ...{ accessKey: settings.accessKey, secretKey: settings.secretKey },
    pathStyle: settings.addressing === 'path',
  })
  const attempt = <T>(work: () => Promise<T>, within = timeoutMs): Promise<T> =>
    repeat({ name, within, pauseMs }, work)
  const put = (key: string, payload: string, headers: ObjectHeaders) =>
    client.makeRequest({
      ...{ method: 'PUT', objectName: key, headers: new Headers(headers), payload },
    })
  return {
    read: (key) =>
      unless([404], null, () =>
        attempt(async () => {
          const response = await client.getObject(key)
          return { text: await response.text(), etag: response.headers.get('etag') ?? '' }
        }),
      ),
    upload: async (key, file, headers) => {
      const { size } = statSync(file)
      // The types of Node and of the browser for the same stream differ.
      const stream = (): ReadableStream<Uint8Array> =>
        Readable.toWeb(createReadStream(file)) as unknown as ReadableStream<Uint8Array>
      await attempt(
        () => client.putObject(key, stream(), { size, partSize, metadata: headers }),
        timeoutMs + size * timeoutMsPerByte,
      )
    },
    write: async (key, text, headers) => {
      await attempt(() => put(key, text, headers))
    },
    replace: (key, text, etag) =>
      unless([409, 412], false, () =>
        attempt(async () => {
          const condition = etag === null ? { 'if-none-match': '*' } : { 'if-match': etag }
          await put(key, text, { 'content-type': 'application/json', ...condition })
          return true
        }),
      ),
    copy: (from, to, headers) =>
      unless([404], false, () =>
        attempt(async () => {
          await client.copyObject({ sourceKey: from }, to, { metadata: headers })
          return true
        }),
      ),
    remove: (key) => attempt(() => client.deleteObject(key)),
    list: (prefix) =>
      attempt(async () => {
        const keys: string[] = []
        for await (const one of client.listObjects({ prefix })) keys.push(one.key)
        return keys
      }),
  }
}

/** Returns `value` when the store answers with one of these statuses. */
async function unless<T, V>(statuses: number[], value: V, work: () => Promise<T>): Promise<T | V> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refused && statuses.includes(error.httpStatus)) return value
    throw error
  }
}

/** The store refused a request, for example because of the keys or a missing bucket. */
export class Refused extends FairleadError {
  readonly httpStatus: number
  constructor(name: string, { statusCode, code }: S3Errors.ServerError) {
    super('not_now', { why: `The bucket ${name} refused a request: ${statusCode} ${code}` })
    this.httpStatus = statusCode
  }
}

async function repeat<T>(
  { name, within, pauseMs }: { name: string; within: number; pauseMs: number },
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withTimeout(work(), within)
    } catch (error) {
      const isAnswer = error instanceof S3Errors.ServerError
      if (isAnswer && error.statusCode < 500 && error.statusCode !== 429)
        throw new Refused(name, error)
      if (attempt >= tries) throw new FairleadError('unavailable', { what: `The bucket ${name}` })
    }
    await pause(pauseMs * 2 ** (attempt - 1))
  }
}

function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
