import { generateKeyPairSync } from 'node:crypto'
import { type CertificatePem, readCertificate } from '#host/certificates/certificate.ts'
import { selfSigned } from '#host/certificates/x509.ts'
import type { EdgeCertificates } from '#host/edge/domains.ts'

const day = 86_400_000

/** A certificate for a name that signs itself, valid from a day ago on. */
export function certificateFor(name: string, days = 90, now = Date.now()): CertificatePem {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const times = { begins: now - day, expires: now + days * day }
  return {
    chain: selfSigned(name, privateKey, times),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

/** What the edge knows when it has such a certificate for each of the names. */
export function edgeCertificates(names: string[]): EdgeCertificates {
  const all = new Map(names.map((name) => [name, readCertificate(certificateFor(name)).context]))
  return {
    contextFor: (name) => all.get(name) ?? all.get(`*${name.slice(name.indexOf('.'))}`) ?? null,
    proofAt: () => null,
    proofFor: () => null,
    isProving: () => false,
  }
}
