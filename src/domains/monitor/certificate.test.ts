import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HostCertificate } from '#contract/host/status.ts'
import { judgeCertificate } from './certificate.ts'

const day = 86_400_000
const now = Date.parse('2026-11-30T12:00:00Z')

/** A certificate of 90 days that ends after some days, and is renewed by the host. */
const ending = (days: number, more: Partial<HostCertificate> = {}): HostCertificate => ({
  ...{ name: 'shop.example.com', begins: now + (days - 90) * day, expires: now + days * day },
  ...{ issuer: 'Pebble', problem: null, attempts: 0, next: now + day, ...more },
})
const none = { begins: null, expires: null, issuer: null }
const refused = 'the authority refuses the certificate: no A record'

test.each<[string, HostCertificate | null, ReturnType<typeof judgeCertificate>]>([
  ['a new one', ending(90), { state: 'up', reason: '' }],
  ['one that is renewed today', ending(30), { state: 'up', reason: '' }],
  [
    'one that ends soon',
    ending(13),
    { state: 'degraded', reason: 'it ends on 2026-12-13 12:00 UTC' },
  ],
  [
    'one of 6 days that is renewed today',
    ending(2, { begins: now - 4 * day }),
    { state: 'up', reason: '' },
  ],
  [
    'one of 6 days that was not renewed',
    ending(1, { begins: now - 5 * day }),
    { state: 'degraded', reason: 'it ends on 2026-12-01 12:00 UTC' },
  ],
  [
    'a renewal that failed once',
    ending(29, { problem: refused, attempts: 1 }),
    { state: 'up', reason: '' },
  ],
  [
    'a renewal that fails again and again',
    ending(29, { problem: refused, attempts: 3 }),
    { state: 'degraded', reason: `it ends on 2026-12-29 12:00 UTC and is not renewed: ${refused}` },
  ],
  [
    'one that has ended',
    ending(0, { problem: refused, attempts: 60 }),
    { state: 'down', reason: `it ended on 2026-11-30 12:00 UTC and is not renewed: ${refused}` },
  ],
  [
    'a first one that is under way',
    ending(0, { ...none, attempts: 1 }),
    { state: 'unknown', reason: 'its first certificate is being ordered' },
  ],
  [
    'a first one that is refused',
    ending(0, { ...none, attempts: 1, problem: refused }),
    { state: 'down', reason: refused },
  ],
  ['a host that does not answer', null, { state: 'unknown', reason: 'the host does not answer' }],
])('%s', (_, certificate, expected) => {
  expect(judgeCertificate(certificate, { http: 'redirect', now })).toEqual(expected)
})

test('a domain that is served without TLS needs none, unless one is ordered', () => {
  const problem = 'there is no certificate for this name'
  const missing = ending(0, { ...none, problem, next: null })
  expect(judgeCertificate(missing, { http: 'serve', now })).toBeNull()
  expect(judgeCertificate(missing, { http: 'redirect', now })?.state).toBe('down')
  const ordered = { ...missing, next: now, problem: refused }
  expect(judgeCertificate(ordered, { http: 'serve', now })?.state).toBe('down')
})

test('a certificate only gets worse until it is renewed', () => {
  const rank = { up: 0, degraded: 1, down: 2, unknown: 3, maintenance: 3 }
  const days = fc.double({ min: 0.1, max: 400, noNaN: true })
  fc.assert(
    fc.property(days, days, days, (length, first, second) => {
      const times = { begins: now, expires: now + length * day }
      const at = (after: number): number => {
        const options = { http: 'redirect', now: now + after * day } as const
        return rank[judgeCertificate(ending(0, times), options)!.state]
      }
      const [early, late] = [Math.min(first, second), Math.max(first, second)]
      expect(at(early)).toBeLessThanOrEqual(at(late))
      // Nobody hears of a certificate before its renewal is due.
      expect(at((length * 2) / 3)).toBe(0)
    }),
  )
})
