import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EdgeHttpsSetting } from '#platform/net/edge-https.ts'
import { Certificates, type CertificatesOptions } from './certificates.ts'
import { ObtainedCertificates } from './obtained.ts'

/** The certificates of the edge. Throws one sentence when a file of the settings cannot be read. */
export function openCertificates(
  { folder, acme }: EdgeHttpsSetting,
  home: string,
  more: Pick<CertificatesOptions, 'domains' | 'log'>,
): Certificates {
  const obtained =
    acme &&
    new ObtainedCertificates({
      folder: join(home, 'certificates'),
      authority: { url: acme.url, email: acme.email, ca: readCa(acme.caFile) },
      ...{ now: Date.now, random: Math.random, log: more.log },
    })
  return new Certificates({ folder, obtained, ...more })
}

function readCa(file: string | null): string | null {
  try {
    return file === null ? null : readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`FAIRLEAD_ACME_CA cannot be read: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
