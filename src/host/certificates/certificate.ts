import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'

/** A certificate with its chain, and its private key, both as PEM. */
export interface CertificatePem {
  chain: string
  key: string
}

/** A certificate that the edge can use. Times are in milliseconds since 1970. */
export interface Certificate {
  /** its DNS names in lower case */
  names: string[]
  begins: number
  expires: number
  /** the organization that issued it, or else the name of its certificate */
  issuer: string
  context: SecureContext
}

/** Reads a certificate. Throws one sentence, which never contains a part of the key. */
export function readCertificate({ chain, key }: CertificatePem): Certificate {
  const leaf = attempt('the certificate is not valid PEM', () => new X509Certificate(chain))
  const secret = attempt('the key is not a PEM key without a password', () => createPrivateKey(key))
  if (!leaf.checkPrivateKey(secret)) throw new Error('the key does not belong to the certificate')
  const names = [...(leaf.subjectAltName ?? '').matchAll(/DNS:([^\s,"]+)/g)].map(([, name]) =>
    (name ?? '').toLowerCase(),
  )
  if (names.length === 0) throw new Error('the certificate has no DNS name')
  return {
    names,
    begins: leaf.validFromDate.getTime(),
    expires: leaf.validToDate.getTime(),
    issuer: issuerOf(leaf),
    context: attempt('the chain of the certificate cannot be used', () =>
      createSecureContext({ cert: chain, key, minVersion: 'TLSv1.2' }),
    ),
  }
}

function issuerOf({ issuer }: X509Certificate): string {
  const partOf = (key: string): string | undefined =>
    issuer
      .split('\n')
      .find((line) => line.startsWith(`${key}=`))
      ?.slice(key.length + 1, 200)
  return partOf('O') ?? partOf('CN') ?? ''
}

function attempt<T>(sentence: string, read: () => T): T {
  try {
    return read()
  } catch {
    throw new Error(sentence)
  }
}

/** Whether a certificate for `names` is one for `name`; `*.` stands for exactly one label. */
export const covers = (names: readonly string[], name: string): boolean =>
  names.includes(name) || names.includes(`*${name.slice(name.indexOf('.'))}`)
