import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitOf } from './acme.ts'
import { ObtainedCertificates } from './obtained.ts'
import { pauseAfter, renewalOf } from './renewal.ts'

const minute = 60_000
const fraction = fc.double({ min: 0, max: 1, noNaN: true })
let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'fairlead-obtained-'))))
afterEach(() => rmSync(folder, { recursive: true }))

test('a certificate is renewed after three to four fifths of two thirds of its lifetime', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4e10 }), fraction, (lifetime, random) => {
      const part = renewalOf({ begins: 1000, expires: 1000 + lifetime }, random) - 1000
      expect(part / lifetime).toBeGreaterThan(0.61)
      expect(part / lifetime).toBeLessThan(0.67)
    }),
  )
})

test('attempts become rarer, at most five in an hour, and as rare as the authority asks', () => {
  expect([1, 2, 3, 9].map((attempts) => pauseAfter(attempts, 0, 0) / minute)).toEqual([
    ...[5, 10, 20, 720],
  ])
  const starts = [1, 2, 3, 4, 5].map((_, i, all) =>
    all.slice(0, i).reduce((sum, attempts) => sum + pauseAfter(attempts, 0, 0), 0),
  )
  expect(starts.filter((at) => at < 60 * minute)).toHaveLength(4)
  expect(pauseAfter(1, 90 * minute, 1)).toBe(90 * minute)
})

test.each([
  ['120', 120_000],
  ['Mon, 30 Nov 2026 10:00:30 GMT', 30_000],
  ['Mon, 30 Nov 2026 09:00:00 GMT', 0],
  ['', 0],
  ['soon', 0],
])('Retry-After %j asks for %d ms', (text, ms) => {
  expect(waitOf(text, Date.parse('2026-11-30T10:00:00Z'))).toBe(ms)
})

test('an attempt that failed is recorded, and a host that starts again waits too', async () => {
  let now = Date.parse('2026-11-30T10:00:00Z')
  const open = () =>
    new ObtainedCertificates({
      ...{ folder, now: () => now, random: () => 0, log: () => undefined },
      authority: { url: 'https://127.0.0.1:1/directory', email: null, ca: null },
    })
  const problem = 'the authority cannot be reached: connect ECONNREFUSED 127.0.0.1:1'
  const first = open()
  await first.tick(['*.example.com', 'a.example'])
  expect(first.orderOf('a.example')).toEqual({ problem, attempts: 1, next: now + 5 * minute })
  expect(first.orderOf('*.example.com')).toEqual({
    ...{ problem: 'a name with * needs a certificate of your own', attempts: 0, next: null },
  })
  const times = () => statSync(join(folder, 'a.example.json')).mtimeMs
  const before = times()
  const second = open()
  expect(second.orderOf('a.example').problem).toBe(problem)
  now += 4 * minute
  await second.tick(['a.example'])
  expect(times()).toBe(before)
  now += minute
  await second.tick(['a.example'])
  expect(times()).toBeGreaterThan(before)
  for (const name of readdirSync(folder))
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder).filter((name) => name.startsWith('account-'))).toHaveLength(1)
})
