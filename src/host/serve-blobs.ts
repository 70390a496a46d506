import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import type { BlobStatus } from '#contract/host/blob.ts'
import type { Blobs } from './blobs.ts'

const path = /^\/blobs\/(?<digest>sha256:[0-9a-f]{64})$/
const position = z.object({
  from: z.coerce.number().int().min(0),
  size: z.coerce.number().int().min(0),
})

/**
 * Answers requests for blobs, whose content is not JSON: `GET` returns how much of it is there, and
 * `PUT` appends its body. Returns null for another path.
 */
export function serveBlob(blobs: Blobs, request: IncomingMessage): Promise<BlobStatus> | null {
  const url = new URL(request.url ?? '/', 'http://host')
  const digest = path.exec(url.pathname)?.groups?.['digest']
  if (digest === undefined) return null
  if (request.method !== 'PUT') return Promise.resolve(blobs.status(digest))
  const { from, size } = position.parse(Object.fromEntries(url.searchParams))
  return blobs.append(digest, { from, size }, request)
}
