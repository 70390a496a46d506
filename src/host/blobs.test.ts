import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, expect, test } from 'vitest'
import { digestOf } from '#platform/oci/blobs.ts'
import { blobPath } from '#platform/oci/layout.ts'
import { pack, unpack } from '#platform/oci/oci.ts'
import { startHost } from '../../test/support/host.ts'
import { Blobs } from './blobs.ts'

const root = mkdtempSync(join(tmpdir(), 'fairlead-blobs-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const open = (name: string, keepFree = 0) =>
  new Blobs({ layout: join(root, name), keepFree, isUsed: () => false })
const bytes = Buffer.from('the content of a blob')
const digest = digestOf(bytes)
const of = (part: Buffer) => Readable.from([part])

test('an upload goes on where it ended, also in another process', async () => {
  const first = open('resumed')
  expect(first.status(digest)).toEqual({ size: 0, isComplete: false })
  const { length: size } = bytes
  expect(await first.append(digest, { from: 0, size }, of(bytes.subarray(0, 5)))).toEqual({
    ...{ size: 5, isComplete: false },
  })
  const next = open('resumed')
  await expect(next.append(digest, { from: 3, size }, of(bytes))).rejects.toThrow('not answer')
  expect(await next.append(digest, { from: 5, size }, of(bytes.subarray(5)))).toEqual({
    ...{ size, isComplete: true },
  })
  // A repetition changes nothing.
  expect(await next.append(digest, { from: 0, size }, of(Buffer.from('other')))).toEqual({
    ...{ size, isComplete: true },
  })
})

test('other content is refused and deleted, and so is what the disk has no room for', async () => {
  const blobs = open('refused')
  const size = bytes.length
  const other = Buffer.from('x'.repeat(size))
  await expect(blobs.append(digest, { from: 0, size }, of(other))).rejects.toThrow('other content')
  expect(blobs.status(digest)).toEqual({ size: 0, isComplete: false })
  await expect(open('full', 2 ** 60).append(digest, { from: 0, size }, of(bytes))).rejects.toThrow(
    'too little space',
  )
})

test('an artifact is sent to a host once, and deleted when nothing uses it', async () => {
  const host = await startHost()
  try {
    const from = join(root, 'server')
    const to = join(host.home.host, 'artifacts')
    const send = async (text: string): Promise<string> => {
      const folder = mkdtempSync(join(root, 'files-'))
      writeFileSync(join(folder, 'a.txt'), text)
      const { digest: artifact } = await pack({
        ...{ layout: from, folder, include: ['.'], exclude: [], annotations: {} },
      })
      await host.client.blobs.send(from, artifact)
      return artifact
    }
    const [kept, gone] = [await send('kept'), await send('gone')]
    // What the host has is not read again here.
    rmSync(from, { recursive: true })
    await host.client.blobs.send(from, kept)
    const isUsed = (artifact: string): boolean => artifact === kept
    await new Blobs({ layout: to, keepFree: 0, isUsed }).sweep(Date.now() + 3_600_000)
    expect(existsSync(blobPath(to, gone))).toBe(false)
    await unpack({ layout: to, digest: kept, folder: join(root, 'unpacked') })
    expect(existsSync(join(root, 'unpacked/a.txt'))).toBe(true)
  } finally {
    await host.close()
  }
})
