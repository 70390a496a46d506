import { createHash } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { BlobStatus } from '#contract/host/blob.ts'
import { FairleadError } from '#contract/errors.ts'
import { blobPath, syncFolder } from '#platform/oci/layout.ts'
import { collectGarbage } from '#platform/oci/oci.ts'

export interface BlobsOptions {
  /** the OCI image layout of the artifacts that servers on other machines send */
  layout: string
  /** bytes of the disk that stay free */
  keepFree: number
  /** whether a release or a command uses an artifact */
  isUsed(artifact: string): boolean
}

/** Milliseconds for which an upload that was interrupted is kept. */
const uploadMs = 24 * 3_600_000

/** The artifacts of a host whose server is on another machine. Uploads go on where they ended. */
export class Blobs {
  readonly #options: BlobsOptions
  readonly #folder: string
  readonly #underway = new Set<string>()

  constructor(options: BlobsOptions) {
    this.#options = options
    this.#folder = join(options.layout, 'blobs', 'sha256')
  }

  status(digest: string): BlobStatus {
    const { layout } = this.#options
    const complete = sizeOf(blobPath(layout, digest))
    if (complete !== null) return { size: complete, isComplete: true }
    return { size: sizeOf(this.#upload(digest)) ?? 0, isComplete: false }
  }

  /**
   * Appends bytes to a blob that has `size` of them in the end. `from` is how many are there
   * already. A blob with another digest is deleted and refused.
   */
  async append(
    digest: string,
    { from, size }: { from: number; size: number },
    bytes: Readable,
  ): Promise<BlobStatus> {
    const before = this.status(digest)
    if (before.isComplete) return before
    // Another server may send the same blob.
    if (this.#underway.has(digest) || before.size !== from)
      throw new FairleadError('unavailable', { what: `The blob ${digest}` })
    if (from > size) rmSync(this.#upload(digest), { force: true })
    if (from > size) throw new FairleadError('unavailable', { what: `The blob ${digest}` })
    this.#underway.add(digest)
    try {
      this.#mustFit(size - from)
      await pipeline(bytes, createWriteStream(this.#upload(digest), { flags: 'a', mode: 0o600 }))
      return this.status(digest).size < size ? this.status(digest) : await this.#finish(digest)
    } finally {
      this.#underway.delete(digest)
    }
  }

  async #finish(digest: string): Promise<BlobStatus> {
    const upload = this.#upload(digest)
    if ((await digestOfFile(upload)) !== digest) {
      rmSync(upload, { force: true })
      throw new FairleadError('invalid_input', { field: digest, problem: 'has another content' })
    }
    const file = await open(upload, 'r')
    await file.sync().finally(() => file.close())
    renameSync(upload, blobPath(this.#options.layout, digest))
    syncFolder(this.#folder)
    return this.status(digest)
  }

  #mustFit(bytes: number): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const { bavail, bsize } = statfsSync(this.#folder)
    const missing = bytes + this.#options.keepFree - bavail * bsize
    if (missing > 0)
      throw new FairleadError('not_now', {
        why: `The disk of the host has ${Math.ceil(missing / 1e6)} MB too little space`,
      })
  }

  /** Deletes what nothing uses; what was written in the last minutes may be used soon. */
  async sweep(now: number): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const { layout, isUsed } = this.#options
    const names = readdirSync(this.#folder)
    for (const name of names.filter((one) => one.startsWith('.upload-'))) {
      const path = join(this.#folder, name)
      const { mtimeMs = now } = statSync(path, { throwIfNoEntry: false }) ?? {}
      if (now - mtimeMs > uploadMs) rmSync(path, { force: true })
    }
    const digests = names.filter((one) => /^[0-9a-f]{64}$/.test(one)).map((one) => `sha256:${one}`)
    await collectGarbage({ layout, keep: digests.filter(isUsed), now: () => now })
  }

  #upload(digest: string): string {
    return join(this.#folder, `.upload-${digest.slice(7)}`)
  }
}

const sizeOf = (path: string): number | null =>
  statSync(path, { throwIfNoEntry: false })?.size ?? null

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return `sha256:${hash.digest('hex')}`
}
