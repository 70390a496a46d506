import { createReadStream, statSync } from 'node:fs'
import { request } from 'node:http'
import { FairleadError } from '#contract/errors.ts'
import { type BlobStatus, blobStatus } from '#contract/host/blob.ts'
import { blobPath } from '#platform/oci/layout.ts'
import { readManifest } from '#platform/oci/oci.ts'

/** Sends the blobs of artifacts to a host on another machine. */
export interface BlobClient {
  /** Sends what the host does not have of an artifact, from where an earlier upload ended. */
  send(layout: string, artifact: string): Promise<void>
}

/** Milliseconds without progress after which an upload counts as interrupted. */
const stalledMs = 20_000

type Call = (method: string, path: string) => Promise<unknown>

export function createBlobClient({
  socketPath,
  call,
  readError,
}: {
  socketPath: string
  call: Call
  readError(status: number, text: string): Error
}): BlobClient {
  const send = async (layout: string, digest: string): Promise<void> => {
    const { size: from, isComplete } = blobStatus.parse(await call('GET', `/blobs/${digest}`))
    if (isComplete) return
    const file = blobPath(layout, digest)
    const { size } = statSync(file)
    const path = `/blobs/${digest}?from=${from}&size=${size}`
    const sent = await put({ socketPath, path, file, from: Math.min(from, size), readError })
    if (!sent.isComplete) throw away()
  }
  return {
    send: async (layout, artifact) => {
      // The manifest is sent last: with it, the host has all.
      const whole = blobStatus.parse(await call('GET', `/blobs/${artifact}`))
      if (whole.isComplete) return
      const { config, layers } = readManifest(layout, artifact)
      for (const { digest } of [...layers, config]) await send(layout, digest)
      await send(layout, artifact)
    },
  }
}

const away = (): FairleadError =>
  new FairleadError('unavailable', { what: 'The host, while it got an artifact,' })

interface Put {
  socketPath: string
  path: string
  file: string
  from: number
  readError(status: number, text: string): Error
}

function put({ file, from, readError, ...options }: Put): Promise<BlobStatus> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, method: 'PUT', timeout: stalledMs }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', () => reject(away()))
      response.on('end', () => {
        if (response.statusCode === 200) resolve(blobStatus.parse(JSON.parse(text)))
        else reject(readError(response.statusCode ?? 500, text))
      })
    })
    sent.on('timeout', () => sent.destroy())
    sent.on('error', () => reject(away()))
    createReadStream(file, { start: from })
      .on('error', (error) => {
        sent.destroy()
        reject(error)
      })
      .pipe(sent)
  })
}
