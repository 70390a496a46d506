import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  chooseToClose,
  type Guest,
  guestLimits,
  Guests,
  guestTimes,
  isOverdue,
  networkOf,
  type Wait,
} from './guests.ts'

const kinds: Wait['for'][] = ['request', 'head', 'body', 'reading', 'service']
const wait = fc.record({ for: fc.constantFrom(...kinds), ms: fc.nat(100_000) })

test('closes a connection that waits for its client too long, and never one for a service', () => {
  fc.assert(
    fc.property(wait, (one) => {
      const limit = { request: 75_000, head: 30_000, body: 60_000, reading: 60_000 }
      const expected = one.for !== 'service' && one.ms > limit[one.for]
      expect(isOverdue(one, guestTimes)).toBe(expected)
    }),
  )
})

test('chooses connections without a request first, and the oldest of them', () => {
  const guests = [
    { wait: { for: 'service', ms: 99_000 } },
    { wait: { for: 'request', ms: 999 } },
    { wait: { for: 'head', ms: 1 } },
    { wait: { for: 'reading', ms: 6000 } },
    { wait: { for: 'body', ms: 4999 } },
    { wait: { for: 'body', ms: 5000 } },
    { wait: { for: 'head', ms: 1001 } },
    { wait: { for: 'request', ms: 1000 } },
  ] satisfies { wait: Wait }[]
  const shown = (count: number): string[] =>
    chooseToClose(guests, count).map(({ wait }) => `${wait.for} ${wait.ms}`)
  const order = ['head 1001', 'request 1000', 'reading 6000', 'body 5000', 'request 999', 'head 1']
  expect(shown(9)).toEqual(order)
  expect(shown(2)).toEqual(order.slice(0, 2))
})

test.each([
  ['10.1.2.3', '10.1.2.3'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['127.0.0.1', null],
  ['::ffff:127.0.0.1', null],
  ['::1', null],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::5', '2001:db8:0:0'],
  ['2001:db8:1:2::', '2001:db8:1:2'],
  ['::5', '0:0:0:0'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test('derives the limits from the files that the process may open', () => {
  expect(guestLimits(1_048_576)).toEqual({ total: 10_000, perAddress: 1000 })
  expect(guestLimits(4096)).toEqual({ total: 1798, perAddress: 179 })
  expect(guestLimits(256)).toEqual({ total: 100, perAddress: 50 })
  expect(guestLimits(4096, 20, 5)).toEqual({ total: 20, perAddress: 5 })
})

test('never exceeds a limit, and refuses only when every place waits for a service', () => {
  const addresses = ['10.0.0.1', '10.0.0.2', '127.0.0.1']
  const arrival = fc.tuple(fc.constantFrom(...addresses), wait)
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 60 }), (arrivals) => {
      const guests = new Guests({ total: 12, perAddress: 4 })
      const present: { address: string; wait: Wait }[] = []
      for (const [address, one] of arrivals) {
        const canClose = (of: typeof present): boolean => chooseToClose(of, 1).length > 0
        const same = present.filter((other) => other.address === address)
        const isLimited = address !== '127.0.0.1' && same.length >= 4
        const mustRefuse =
          (isLimited && !canClose(same)) || (present.length >= 12 && !canClose(present))
        const isAdmitted = guests.admit(address, 0)
        expect(isAdmitted).toBe(!mustRefuse)
        if (!isAdmitted) continue
        const facts = { address, wait: one }
        const guest: Guest = {
          ...{ socket: { remoteAddress: address } as Guest['socket'], entry: null },
          waits: () => one,
          destroy: () => {
            present.splice(present.indexOf(facts), 1)
            guests.remove(guest)
          },
        }
        present.push(facts)
        guests.add(guest)
        expect(guests.size).toBe(present.length)
        expect(present.length).toBeLessThanOrEqual(12)
        expect(present.filter((other) => other.address === '10.0.0.1').length).toBeLessThan(5)
      }
    }),
  )
})
