import { connect, type DetailedPeerCertificate } from 'node:tls'
import { isIP } from 'node:net'
import { z } from 'zod'
import { longDuration, shorthand, text } from '#contract/pipeline-file/shapes.ts'
import { guarded, hostAndPort } from '../connection.ts'
import { failureOf } from '../failure.ts'
import { defineMonitorKind, down, type Finding, up } from '../monitor-kind.ts'

const day = 86_400_000

export default defineMonitorKind({
  kind: 'tls',
  title: 'A certificate is valid, and does not expire soon',
  settings: shorthand(
    'address',
    z.strictObject({
      address: z
        .string()
        .regex(/^(\[[0-9a-f:.]{2,45}\]|[\w.-]{1,253})(:\d{1,5})?$/i, 'must be such as example.com')
        .describe('The host, and the port unless it is 443'),
      name: text.max(253).optional().describe('The name in the certificate; default: the host'),
      expires: longDuration()
        .prefault('14d')
        .describe('A certificate of the chain that expires within this time is degraded'),
      ca: text
        .max(200_000)
        .optional()
        .describe('Certificates of your own authority, as PEM; default: those of the system'),
    }),
  ),
  example: { address: 'shop.example.com', expires: '21d' },
  every: 300_000,
  failures: 2,
  elsewhere: () => null,
  onHost: ({ address, name, expires, ca }, io) =>
    new Promise<Finding>((resolve) => {
      const { host, port } = hostAndPort(address, 443)
      const servername = name ?? (isIP(host) === 0 ? host : undefined)
      try {
        const socket = connect({
          ...guarded(host, io),
          port,
          rejectUnauthorized: false,
          ...(servername === undefined ? {} : { servername }),
          ...(ca === undefined ? {} : { ca }),
        })
        const stop = (): void => void socket.destroy()
        io.signal.addEventListener('abort', stop, { once: true })
        socket.once('error', (error) => resolve(failureOf(error)))
        socket.once('secureConnect', () => {
          const problem = socket.authorized ? null : wordsOf(socket.authorizationError)
          const end = firstExpiry(socket.getPeerCertificate(true))
          stop()
          resolve(problem === null ? judge(end, expires, Date.now()) : down(problem))
        })
      } catch (error) {
        resolve(failureOf(error))
      }
    }),
})

function wordsOf(error: Error | string): string {
  const code = typeof error === 'string' ? error : ((error as { code?: string }).code ?? '')
  const words: Record<string, string> = {
    CERT_HAS_EXPIRED: 'the certificate has expired',
    CERT_NOT_YET_VALID: 'the certificate is not valid yet',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself',
    SELF_SIGNED_CERT_IN_CHAIN: 'the chain ends with an authority that is not trusted',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the chain is incomplete',
    UNABLE_TO_GET_ISSUER_CERT: 'the chain is incomplete',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the chain is incomplete, or its authority is not trusted',
    ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  }
  return words[code] ?? `the certificate is not valid: ${String(error)}`
}

/** The earliest end of a certificate in the chain, in milliseconds since 1970. */
function firstExpiry(leaf: DetailedPeerCertificate): number {
  let first = Infinity
  const seen = new Set<string>()
  let one: DetailedPeerCertificate | undefined = leaf
  while (one?.valid_to && !seen.has(one.fingerprint256)) {
    seen.add(one.fingerprint256)
    first = Math.min(first, Date.parse(one.valid_to))
    one = one.issuerCertificate as DetailedPeerCertificate | undefined
  }
  return first
}

/** What the expiry of a valid chain says. Pure. */
export function judge(end: number, expires: number, now: number): Finding {
  if (end <= now) return down('the certificate has expired')
  if (end - now >= expires) return up
  const days = Math.floor((end - now) / day)
  const left = days === 0 ? 'in less than a day' : `in ${days} ${days === 1 ? 'day' : 'days'}`
  return { state: 'degraded', reason: `a certificate of the chain expires ${left}` }
}
