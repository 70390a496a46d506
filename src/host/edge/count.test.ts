import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Batch } from '#contract/verdict/verdict.ts'
import { Count } from './count.ts'

const requests = (batch: Batch): number => batch.baseline.requests + batch.canary.requests

test('counts every request once, in batches by order of assignment', () => {
  const request = fc.record({
    gap: fc.nat(80),
    takes: fc.nat(3000),
    random: fc.double({ min: 0, max: 1, noNaN: true }),
    share: fc.constantFrom(0.1, 0.5),
  })
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 200 }), (wanted) => {
      const given: Batch[] = []
      const count = new Count((batch) => given.push(batch) > 0)
      const ends: { at: number; end(now: number): void }[] = []
      let now = 0
      let canary = 0
      const pass = (until: number): void => {
        for (const one of ends.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)) {
          one.end(one.at)
          ends.splice(ends.indexOf(one), 1)
        }
        count.settle(until)
      }
      for (const { gap, takes, random, share } of wanted) {
        now += gap
        pass(now)
        count.rule = { share, isFresh: false, routes: {} }
        const counted = count.begin(random, now, 1000 + now)
        if (counted.arm === 'canary') canary += 1
        expect(counted.arm).toBe(random < share ? 'canary' : 'baseline')
        ends.push({ at: now + takes, end: (at) => counted.end('2xx', false, 1, at) })
      }
      pass(now + 3000)
      expect(count.settle(now + 3100)).toBe(true)
      expect(given.reduce((sum, batch) => sum + requests(batch), 0)).toBe(wanted.length)
      expect(given.reduce((sum, batch) => sum + batch.canary.requests, 0)).toBe(canary)
      expect(given.map(({ at }) => at)).toEqual(given.map(({ at }) => at).toSorted((a, b) => a - b))
    }),
  )
})

test('holds a batch until earlier requests end, but no longer than the timeout', () => {
  const given: Batch[] = []
  const count = new Count((batch) => given.push(batch) > 0)
  count.rule = { share: 0.5, isFresh: false, routes: {} }
  const slow = count.begin(0.1, 0, 0)
  count.begin(0.9, 200, 200).end('5xx', true, 7, 210)
  expect(count.settle(500)).toBe(false)
  expect(given).toEqual([])
  expect(count.settle(10_200)).toBe(true)
  expect(given.map(({ canary }) => canary.outcomes)).toEqual([{ open: 1 }, {}])
  expect(given[1]?.baseline).toMatchObject({
    requests: 1,
    errors: 1,
    bytes: 7,
    outcomes: { '5xx': 1 },
  })
  slow.end('5xx', true, 0, 11_000)
  expect(given[0]?.canary).toMatchObject({ requests: 1, errors: 0 })
})

test('offers a batch again when it cannot be stored, and ignores a second end', () => {
  const given: Batch[] = []
  let isFull = true
  const count = new Count((batch) => !isFull && given.push(batch) > 0)
  count.rule = { share: 1, isFresh: false, routes: {} }
  const one = count.begin(0, 0, 0)
  one.end('refused', true, 0, 1)
  one.end('2xx', false, 9, 2)
  expect(count.settle(200)).toBe(false)
  isFull = false
  expect(count.settle(250)).toBe(true)
  expect(given[0]?.canary).toMatchObject({ requests: 1, errors: 1, outcomes: { refused: 1 } })
})

test('reports how requests ended that had counted as open', () => {
  const given: Batch[] = []
  const count = new Count((batch) => given.push(batch) > 0)
  count.rule = { share: 0.5, isFresh: false, routes: {} }
  const [one, other] = [count.begin(0.1, 0, 0), count.begin(0.1, 0, 0)]
  count.settle(10_200)
  one.end('5xx', true, 0, 11_000)
  count.begin(0.9, 12_000, 12_000).end('2xx', false, 1, 12_001)
  count.settle(12_200)
  count.settle(60_001)
  other.end('2xx', false, 1, 61_000)
  count.begin(0.9, 62_000, 62_000).end('2xx', false, 1, 62_001)
  count.settle(62_200)
  expect(given.map(({ canary }) => canary.late)).toEqual([undefined, { '5xx': 1 }, { open: 1 }])
  expect(given.map(({ canary }) => canary.requests)).toEqual([2, 0, 0])
})

test('shows what waits for slow requests as pending, by share', () => {
  const count = new Count(() => true)
  count.rule = { share: 0.5, isFresh: false, routes: {} }
  const slow = count.begin(0.1, 0, 0)
  slow.instance = 'web:1'
  count.begin(0.9, 1, 1).end('5xx', true, 7, 3)
  count.begin(0.9, 200, 200).end('2xx', false, 7, 203)
  count.rule = { share: 0.9, isFresh: false, routes: {} }
  count.begin(0.1, 400, 400).end('2xx', false, 7, 403)
  count.settle(999)
  expect(count.pending(999)).toEqual([])
  expect(count.pending(2000)).toMatchObject([
    {
      ...{ share: 0.5, baseline: { requests: 2, errors: 1 } },
      canary: { requests: 1, errors: 0, outcomes: { open: 1 }, instances: { 'web:1': {} } },
    },
    { share: 0.9, canary: { requests: 1 } },
  ])
  slow.end('2xx', false, 1, 2001)
  expect(count.settle(2100)).toBe(true)
  expect(count.pending(9000)).toEqual([])
})

test('counts sizes of good responses, and requests by instance, route and tenant', () => {
  const given: Batch[] = []
  const count = new Count((batch) => given.push(batch) > 0)
  count.rule = { share: 1, isFresh: false, routes: { shop: '/shop' }, batchMs: 2000 }
  for (let i = 0; i < 22; i += 1) {
    const one = count.begin(0, i, i, `/shop/${i}`, i === 20 ? null : 'acme')
    one.instance = `web:${i % 2}`
    one.end(i === 21 ? '5xx' : '2xx', i === 21, 100, i + 1, i === 20 ? 0 : 50)
  }
  expect(count.settle(1999)).toBe(false)
  expect(count.settle(2000)).toBe(true)
  expect(given).toMatchObject([
    {
      share: 1,
      canary: {
        ...{
          requests: 22,
          sizes: [
            [0, 1],
            [198, 20],
          ],
          routes: { '/shop': [2, 1], shop: [22, 1] },
          tenants: { acme: [1, 1] },
        },
        instances: {
          'web:0': { requests: 11, errors: 0, unfinished: 0 },
          'web:1': { requests: 11, errors: 1, unfinished: 0 },
        },
      },
    },
  ])
})
