import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openBucket } from '#platform/bucket/bucket.ts'
import type { OpenBucket } from '#domains/deployment/open-bucket.ts'

interface StoredObject {
  bytes: Buffer
  headers: Record<string, string>
}

/** An object store in memory: what the bucket target uses of the API of S3. */
export interface TestStore {
  url: string
  objects: Map<string, StoredObject>
  /** the requests that changed something, as `PUT key` */
  changes: string[]
  /** answers a request instead of the store, when it returns a status */
  refuse: (method: string, key: string) => number | null
  open(name: string): OpenBucket
  close(): Promise<void>
}

const tag = (bytes: Buffer): string => `"${createHash('md5').update(bytes).digest('hex')}"`
const kept = ['content-type', 'cache-control']

/** Starts an object store with one bucket, `site`. Conditional writes are obeyed as by S3. */
export async function startStore(): Promise<TestStore> {
  const objects = new Map<string, StoredObject>()
  const changes: string[] = []
  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, headers, body }) => response.writeHead(status, headers ?? {}).end(body),
      (error: unknown) => response.writeHead(501).end(String(error)),
    )
  })
  const answer = async (
    request: IncomingMessage,
  ): Promise<{ status: number; headers?: Record<string, string>; body?: Buffer | string }> => {
    const url = new URL(request.url ?? '/', 'http://store')
    const key = decodeURIComponent(url.pathname).replace(/^\/site\//, '')
    const method = request.method ?? 'GET'
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const refused = store.refuse(method, key)
    if (refused !== null) return failure(refused, refused === 403 ? 'AccessDenied' : 'SlowDown')
    if (url.searchParams.has('list-type')) return list(url.searchParams)
    const object = objects.get(key)
    if (method === 'GET')
      return object
        ? {
            status: 200,
            headers: { ...object.headers, etag: tag(object.bytes) },
            body: object.bytes,
          }
        : failure(404, 'NoSuchKey')
    changes.push(`${method} ${key}`)
    if (method === 'DELETE') {
      objects.delete(key)
      return { status: 204 }
    }
    const { 'if-match': match, 'if-none-match': none } = request.headers
    const isMet =
      (none !== '*' || !object) && (match === undefined || (object && tag(object.bytes) === match))
    if (!isMet) return failure(412, 'PreconditionFailed')
    return put(key, request, Buffer.concat(chunks))
  }
  const put = (key: string, request: IncomingMessage, body: Buffer) => {
    const source = request.headers['x-amz-copy-source']
    const from = source === undefined ? undefined : decodeURIComponent(String(source)).slice(5)
    const copied = from === undefined ? undefined : objects.get(from)
    if (from !== undefined && !copied) return failure(404, 'NoSuchKey')
    const modified = '<LastModified>2026-01-01T00:00:00Z</LastModified>'
    const bytes = copied?.bytes ?? body
    const headers = Object.fromEntries(
      kept.flatMap((name) =>
        request.headers[name] ? [[name, String(request.headers[name])]] : [],
      ),
    )
    objects.set(key, { bytes, headers })
    const answer = `<CopyObjectResult><ETag>${tag(bytes)}</ETag>${modified}</CopyObjectResult>`
    return { status: 200, headers: { etag: tag(bytes) }, body: copied ? answer : '' }
  }
  const list = (query: URLSearchParams) => {
    const after = query.get('continuation-token') ?? ''
    const most = Math.min(3, Number(query.get('max-keys') ?? 1000))
    const keys = [...objects.keys()]
      .filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after)
      .toSorted()
    const page = keys.slice(0, most)
    const isCut = keys.length > most
    const next = isCut ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
    const contents = page.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`)
    const parts = [`<IsTruncated>${isCut}</IsTruncated>`, next, ...contents]
    return { status: 200, body: `<ListBucketResult>${parts.join('')}</ListBucketResult>` }
  }
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const store: TestStore = {
    ...{ url, objects, changes, refuse: () => null },
    open: (name) => ({
      bucket: openBucket(
        name,
        {
          ...{ endpoint: url, region: 'us-east-1', bucket: 'site', addressing: 'path' },
          ...{ accessKey: 'test-key', secretKey: 'test-secret' },
        },
        1,
      ),
      ...{ apps: null, states: new Map() },
    }),
    close: () => new Promise((done) => server.close(() => done())),
  }
  return store
}

const failure = (status: number, code: string) => ({
  status,
  body: `<Error><Code>${code}</Code><Message>${code}</Message></Error>`,
})
