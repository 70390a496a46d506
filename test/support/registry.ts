import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestEngine } from './engine.ts'

/** A registry in this process, from which an Engine pulls by digest. */
export interface TestRegistry {
  /** what clients get in place of blobs; null for the blobs */
  problem: 'wrong blobs' | 'no more than half' | null
  /** adds the image of the Engine with one more layer; answers its name with digest */
  add(text: string): string
  stop(): void
}

export async function startRegistry(engine: TestEngine): Promise<TestRegistry> {
  const blobs = new Map<string, Buffer>()
  const keep = (bytes: Buffer): { digest: string; size: number } => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    blobs.set(digest, bytes)
    return { digest, size: bytes.length }
  }
  const base = readImage(engine)
  const server = createServer((request, response) => {
    if (request.url === '/v2/') return void response.end('{}')
    const [, kind, digest = ''] = /\/(manifests|blobs)\/(sha256:\w+)$/.exec(request.url!) ?? []
    const bytes = blobs.get(digest)
    if (!bytes) return void response.writeHead(404).end()
    response.setHeader('docker-content-digest', digest)
    response.setHeader('content-length', bytes.length)
    if (kind === 'manifests') response.setHeader('content-type', manifestType)
    if (request.method === 'HEAD') return void response.end()
    if (kind === 'blobs' && registry.problem === 'wrong blobs')
      return void response.end(Buffer.alloc(bytes.length, 1))
    if (kind === 'blobs' && registry.problem === 'no more than half')
      return void response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy())
    response.end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const registry: TestRegistry = {
    problem: null,
    add: (text) => {
      const layers = [base.layer, archiveOf(text)].map((bytes) => keep(bytes))
      const diffs = layers.map(({ digest }) => digest)
      const config = { ...base.config, rootfs: { type: 'layers', diff_ids: diffs }, history: [] }
      const manifest = {
        ...{ schemaVersion: 2, mediaType: manifestType },
        config: {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          ...keep(Buffer.from(JSON.stringify(config))),
        },
        layers: layers.map((one) => ({ mediaType: layerType, ...one })),
      }
      const { digest } = keep(Buffer.from(JSON.stringify(manifest)))
      return `127.0.0.1:${port}/shop@${digest}`
    },
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
  return registry
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const layerType = 'application/vnd.oci.image.layer.v1.tar'

/** The layer and the configuration of the image of an Engine. */
function readImage({ docker, image }: TestEngine): { layer: Buffer; config: object } {
  const folder = mkdtempSync(join(tmpdir(), 'fl-save-'))
  docker('save', '-o', join(folder, 'image.tar'), image)
  execFileSync('tar', ['-C', folder, '-xf', join(folder, 'image.tar')])
  const [saved] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as [
    { Config: string; Layers: [string] },
  ]
  const layer = readFileSync(join(folder, saved.Layers[0]))
  const config = JSON.parse(readFileSync(join(folder, saved.Config), 'utf8')) as object
  rmSync(folder, { recursive: true })
  return { layer, config }
}

function archiveOf(text: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'fl-layer-'))
  writeFileSync(join(folder, 'text'), text)
  const archive = execFileSync('tar', ['-C', folder, '-c', 'text'])
  rmSync(folder, { recursive: true })
  return archive
}
