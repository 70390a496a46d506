import { OciError } from './layout.ts'
import { readManifest } from './oci.ts'
import { streamLayer } from './unpack.ts'

/**
 * The files of an image whose paths are wanted, at most `limit` bytes each; larger ones are left
 * out. Throws an OciError when the image is missing or damaged.
 */
export async function readFiles(request: {
  layout: string
  digest: string
  isWanted(path: string): boolean
  limit: number
}): Promise<Map<string, Buffer>> {
  const { layout, digest, isWanted, limit } = request
  const layer = readManifest(layout, digest).layers[0]
  if (!layer) throw new OciError(`the artifact ${digest} has no layer`)
  const found = new Map<string, Buffer>()
  let path: string | null = null
  let parts: Buffer[] = []
  await streamLayer(layout, layer, {
    entry: (entry) => {
      const name = Buffer.from(entry.path, 'latin1').toString('utf8')
      path = entry.type === 'file' && entry.size <= limit && isWanted(name) ? name : null
      parts = []
    },
    data: (chunk) => {
      // The reader uses the memory of a chunk again.
      if (path !== null) parts.push(Buffer.from(chunk))
    },
    end: () => {
      if (path !== null) found.set(path, Buffer.concat(parts))
      path = null
    },
  })
  return found
}
