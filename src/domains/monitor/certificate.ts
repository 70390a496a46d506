import type { HostCertificate } from '#contract/host/status.ts'
import type { MonitorState } from '#contract/monitor/monitor.ts'

const dayMs = 86_400_000

/**
 * From when on the end of a certificate is near: 14 days before it, or the last quarter of its
 * lifetime if that is shorter. A renewal is due when a third of the lifetime is left.
 */
const isNear = (begins: number, expires: number, now: number): boolean =>
  expires - now < Math.min(14 * dayMs, (expires - begins) / 4)

/** Orders in a row after which a renewal counts as refused: the first ones are tried again soon. */
const refusedAfter = 3

/**
 * Whether a domain is to have a certificate. One that is served without TLS as well needs none,
 * unless the host orders one.
 */
export const isWanted = (
  { expires, next }: Pick<HostCertificate, 'expires' | 'next'>,
  http: 'redirect' | 'serve',
): boolean => http === 'redirect' || expires !== null || next !== null

/**
 * What the certificate of a domain says at `now`, in milliseconds; null when it is not wanted.
 * `certificate` is null when the host does not answer.
 */
export function judgeCertificate(
  certificate: HostCertificate | null,
  { http, now }: { http: 'redirect' | 'serve'; now: number },
): { state: MonitorState; reason: string } | null {
  if (certificate === null) return { state: 'unknown', reason: 'the host does not answer' }
  if (!isWanted(certificate, http)) return null
  const { begins, expires, problem, attempts } = certificate
  if (expires === null || begins === null)
    return problem === null
      ? { state: 'unknown', reason: 'its first certificate is being ordered' }
      : { state: 'down', reason: problem }
  const because = problem === null ? '' : ` and is not renewed: ${problem}`
  if (expires <= now) return { state: 'down', reason: `it ended on ${timeOf(expires)}${because}` }
  if (isNear(begins, expires, now) || (problem !== null && attempts >= refusedAfter))
    return { state: 'degraded', reason: `it ends on ${timeOf(expires)}${because}` }
  return { state: 'up', reason: '' }
}

const timeOf = (time: number): string =>
  `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
