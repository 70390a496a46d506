import { createHash } from 'node:crypto'
import { closeSync, createReadStream, openSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, digestOf, syncThenRename, touch, writeBlob } from './blobs.ts'
import {
  blobPath,
  type Descriptor,
  entryPath,
  type Manifest,
  makeLayout,
  mediaTypes,
  OciError,
  readEntries,
  readEntry,
  readOrNull,
  sweep,
  syncFolder,
  temporaryPath,
  writeIndex,
} from './layout.ts'
import { type Layer, writeLayer } from './layer.ts'
import { isUnpacked, streamLayer, unpackLayer } from './unpack.ts'

/**
 * Packs the selected files of `folder` as a single-layer image into the OCI image layout `layout`,
 * which is created when it is missing. Patterns are paths or globs relative to the folder. The same
 * content has the same manifest digest; annotations only go to index.json, and the first ones are
 * kept. `size` is the size of the image on disk in bytes; `unusedExcludes` are the patterns of
 * `exclude` that left out nothing. Safe to repeat and to run in several
 * processes; nothing is visible before it is complete.
 */
export async function pack(request: {
  layout: string
  folder: string
  include: string[]
  exclude: string[]
  annotations: Record<string, string>
  /** limit of the unpacked content, in which a sparse file counts with its apparent size */
  mostBytes?: number
}): Promise<{ digest: string; size: number; unusedExcludes: string[] }> {
  const { layout } = request
  makeLayout(layout)
  const blobs = join(layout, 'blobs', 'sha256')
  const temporary = temporaryPath(blobs)
  const fd = openSync(temporary, 'wx+')
  try {
    const layer = await writeLayer(fd, request)
    const config = describe(mediaTypes.config, configOf(layer))
    const layerDescriptor: Descriptor = {
      mediaType: mediaTypes.layer,
      digest: layer.digest,
      size: layer.size,
    }
    const manifest = describe(mediaTypes.manifest, manifestOf(config.descriptor, layerDescriptor))
    const entry = JSON.stringify({ ...manifest.descriptor, annotations: request.annotations })
    // The database names the digest in a durable transaction, so the content must be durable first:
    // these files and the folder of the blobs. index.json is derived and needs no fsync.
    await Promise.all([
      syncThenRename(fd, temporary, blobPath(layout, layer.digest)),
      writeBlob(blobs, blobPath(layout, config.descriptor.digest), config.bytes),
    ])
    await writeBlob(blobs, blobPath(layout, manifest.descriptor.digest), manifest.bytes)
    syncFolder(blobs)
    if (readEntry(layout, manifest.descriptor.digest))
      touch(entryPath(layout, manifest.descriptor.digest))
    else await writeBlob(layout, entryPath(layout, manifest.descriptor.digest), Buffer.from(entry))
    writeIndex(layout)
    return {
      digest: manifest.descriptor.digest,
      size: layer.size + config.bytes.length + manifest.bytes.length,
      unusedExcludes: layer.unusedExcludes,
    }
  } catch (error) {
    rmSync(temporary, { force: true })
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new OciError('the artifact cannot be packed: no space is left on the disk')
    throw error
  } finally {
    closeSync(fd)
  }
}

/**
 * Unpacks an image to `folder`, which appears only when the content is complete and its digest is
 * right. Does nothing when the folder exists and is not empty. `durable: false` skips the fsync of
 * each file, for folders that need not survive a power cut. `keepFree`: the bytes of the disk that
 * must stay free. Throws an OciError when the image is missing, damaged, too large for the disk, or
 * would write outside the folder.
 */
export async function unpack(request: {
  layout: string
  digest: string
  folder: string
  durable?: boolean
  keepFree?: number
}): Promise<void> {
  if (isUnpacked(request.folder)) return
  const layer = readManifest(request.layout, request.digest).layers[0]
  if (!layer) throw new OciError(`the artifact ${request.digest} has no layer`)
  await unpackLayer({
    layout: request.layout,
    layer,
    folder: request.folder,
    durable: request.durable ?? true,
    keepFree: request.keepFree ?? null,
  })
}

/** Reads every part of an image. Throws an OciError that names what is missing or damaged. */
export async function verify(request: { layout: string; digest: string }): Promise<void> {
  const manifest = readManifest(request.layout, request.digest)
  await verifyBlob(request.layout, manifest.config)
  for (const layer of manifest.layers)
    await streamLayer(request.layout, layer, {
      entry: () => undefined,
      data: () => undefined,
      end: () => undefined,
    })
}

/** Returns the images in the layout with their annotations. */
export function list(layout: string): Descriptor[] {
  return readEntries(layout)
}

/** Removes one image; the next `collectGarbage` removes its blobs. Safe to repeat. */
export function remove(request: { layout: string; digest: string }): void {
  blobPath(request.layout, request.digest)
  rmSync(entryPath(request.layout, request.digest), { force: true })
  writeIndex(request.layout)
}

/**
 * Removes every image that is not in `keep`, every unreferenced blob, and the files of killed
 * writers. Files written or packed again within `graceMs` (default 10 minutes) stay, because their
 * digest may not be in the database yet. Returns the digests of the removed images and the freed
 * bytes.
 */
export async function collectGarbage(request: {
  layout: string
  keep: string[]
  graceMs?: number
  now?: () => number
}): Promise<{ removed: string[]; freed: number }> {
  const { layout } = request
  makeLayout(layout)
  const now = (request.now ?? Date.now)()
  const isOld = (path: string): boolean =>
    now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) > (request.graceMs ?? 600_000)
  const keep = new Set(request.keep)
  const removed = readEntries(layout)
    .map(({ digest }) => digest)
    .filter((digest) => !keep.has(digest) && isOld(entryPath(layout, digest)))
  for (const digest of removed) rmSync(entryPath(layout, digest), { force: true })
  if (removed.length > 0) writeIndex(layout)
  const needed = neededBlobs(layout, [...keep, ...readEntries(layout).map(({ digest }) => digest)])
  const blobs = join(layout, 'blobs', 'sha256')
  let freed = 0
  for (const name of readdirSync(blobs)) {
    const path = join(blobs, name)
    if (!/^[0-9a-f]{64}$/.test(name) || needed.has(`sha256:${name}`) || !isOld(path)) continue
    freed += statSync(path, { throwIfNoEntry: false })?.size ?? 0
    rmSync(path, { force: true })
  }
  sweep(layout, now)
  sweep(blobs, now)
  return { removed, freed }
}

function neededBlobs(layout: string, digests: string[]): Set<string> {
  const needed = new Set<string>(digests)
  for (const digest of digests) {
    try {
      const manifest = readManifest(layout, digest)
      for (const { digest: part } of [manifest.config, ...manifest.layers]) needed.add(part)
    } catch (error) {
      if (!(error instanceof OciError)) throw error // A missing or damaged image references nothing.
    }
  }
  return needed
}

export function readManifest(layout: string, digest: string): Manifest {
  const text = readOrNull(blobPath(layout, digest))
  if (text === null)
    throw new OciError(
      `the artifact ${digest} is not in ${layout}; it was cleaned up, or never packed here`,
    )
  if (digestOf(Buffer.from(text)) !== digest)
    throw new OciError(`the artifact ${digest} is damaged: its manifest has another digest`)
  return JSON.parse(text) as Manifest
}

async function verifyBlob(layout: string, descriptor: Descriptor): Promise<void> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(blobPath(layout, descriptor.digest)))
      hash.update(chunk as Buffer)
  } catch (error) {
    throw new OciError(
      `the blob ${descriptor.digest} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    )
  }
  if (`sha256:${hash.digest('hex')}` !== descriptor.digest)
    throw new OciError(`the blob ${descriptor.digest} is damaged: its content has another digest`)
}

const manifestOf = (config: Descriptor, layer: Descriptor): Manifest => ({
  schemaVersion: 2,
  mediaType: mediaTypes.manifest,
  config,
  layers: [layer],
})

/** A build can contain native code, so the image names its platform. */
function configOf(layer: Layer): object {
  const architectures: Partial<Record<string, string>> = { x64: 'amd64', ia32: '386' }
  return {
    architecture: architectures[process.arch] ?? process.arch,
    os: process.platform,
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
  }
}
