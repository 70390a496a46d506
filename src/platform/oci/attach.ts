import { join } from 'node:path'
import { describe, writeBlob } from './blobs.ts'
import { blobPath, entryPath, makeLayout, mediaTypes, readOrNull, writeIndex } from './layout.ts'

/**
 * The empty descriptor of the OCI image specification 1.1, for manifests without a configuration.
 */
const empty = 'application/vnd.oci.empty.v1+json'

/**
 * Attaches documents to a manifest as OCI 1.1 artifacts with a `subject`, which registries list as
 * referrers. Returns the digests of their manifests. Safe to repeat: the same document has the same
 * digest.
 */
export async function attach(request: {
  layout: string
  subject: string
  documents: {
    artifactType: string
    mediaType: string
    content: object
    annotations: Record<string, string>
  }[]
}): Promise<string[]> {
  const { layout } = request
  makeLayout(layout)
  const blobs = join(layout, 'blobs', 'sha256')
  const put = async (mediaType: string, content: object) => {
    const made = describe(mediaType, content)
    if (readOrNull(blobPath(layout, made.descriptor.digest)) === null)
      await writeBlob(blobs, blobPath(layout, made.descriptor.digest), made.bytes)
    return made.descriptor
  }
  const subjectText = readOrNull(blobPath(layout, request.subject)) ?? ''
  const subject = {
    mediaType: mediaTypes.manifest,
    digest: request.subject,
    size: Buffer.byteLength(subjectText),
  }
  const config = await put(empty, {})
  const digests: string[] = []
  for (const { artifactType, mediaType, content, annotations } of request.documents) {
    const layer = await put(mediaType, content)
    const manifest = await put(mediaTypes.manifest, {
      ...{
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        artifactType,
        config,
        layers: [layer],
        subject,
        annotations,
      },
    })
    const entry = JSON.stringify({ ...manifest, artifactType, annotations })
    await writeBlob(layout, entryPath(layout, manifest.digest), Buffer.from(entry))
    digests.push(manifest.digest)
  }
  writeIndex(layout)
  return digests
}
