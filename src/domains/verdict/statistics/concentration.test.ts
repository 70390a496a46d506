import { expect, test } from 'vitest'
import { concentrationOf, type Part } from './concentration.ts'

const part = (name: string, baseline: [number, number], canary: [number, number]): Part => ({
  name,
  baseline: { requests: baseline[0], errors: baseline[1] },
  canary: { requests: canary[0], errors: canary[1] },
})
const globex = part('tenant globex', [1500, 150], [1540, 154])
const acme = part('tenant acme', [250, 0], [250, 62])
const all = part('', [1750, 150], [1790, 216])

test('the tenant that has the additional failures is named', () => {
  expect(concentrationOf(all, [globex, acme])).toBe(acme)
})

test('of a route and a tenant with the same failures, the one with fewer requests is named', () => {
  const pay = part('POST /pay', [600, 0], [600, 62])
  expect(concentrationOf(all, [globex, pay, acme])).toBe(acme)
})

test('no part is named where failures are spread, few, or of most requests', () => {
  const spread = part('', [1750, 150], [1790, 400])
  expect(concentrationOf(spread, [part('tenant globex', [1500, 150], [1540, 338]), acme])).toBe(
    null,
  )
  expect(concentrationOf(part('', [1000, 0], [1000, 9]), [part('/a', [9, 0], [9, 9])])).toBe(null)
  expect(concentrationOf(all, [part('/', [1700, 150], [1740, 216])])).toBe(null)
  expect(concentrationOf(part('', [0, 0], [0, 0]), [])).toBe(null)
})
