import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pack } from '#platform/oci/oci.ts'
import type { ReleaseSpec } from '#domains/deployment/target.ts'

/** A release of the environment `production` of `shop`: one service with the files of `public`. */
export function siteRelease(release: number, artifact: string, epoch = 1): ReleaseSpec {
  return {
    ...{ app: 'shop', environment: 'production', release, artifact, env: {}, port: null },
    fence: { deployment: release, epoch },
    services: [
      {
        ...{ name: 'web', static: 'public', hasTraffic: true, instances: 1, directory: '.' },
        settle: { least: 0, most: 0 },
        health: { path: '/', timeout: 1000, interval: 100 },
        ...{ env: {}, secrets: [], stop: { signal: 'SIGTERM', grace: 0 } },
      },
    ],
  }
}

/** Packs files of `public`, by name; returns the digest of the artifact. */
export async function packSite(layout: string, files: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-site-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'public', name)), { recursive: true })
    writeFileSync(join(folder, 'public', name), text)
  }
  const { digest } = await pack({
    ...{ layout, folder, include: ['**'], exclude: [], annotations: {} },
  })
  rmSync(folder, { recursive: true })
  return digest
}
