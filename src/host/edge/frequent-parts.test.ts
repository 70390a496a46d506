import { expect, test } from 'vitest'
import { FrequentParts, routeOf, tenantIn } from './frequent-parts.ts'

test.each([
  ['/', '/'],
  ['/orders', '/orders'],
  ['/orders/17?page=2', '/orders'],
  ['/api/v1/orders/lines', '/api/v1/orders'],
  ['/users/3f2b9a10-77aa-4b1c-9d8e-001122334455/edit', '/users'],
  ['/feedback/', '/feedback'],
  ['//', '/'],
])('the route of %s is %s', (path, route) => {
  expect(routeOf(path)).toBe(route)
})

test('counts a part once it is frequent, and at most twenty', () => {
  const parts = new FrequentParts()
  const ask = (name: string, times: number) =>
    Array.from({ length: times }, () => parts.has(name)).filter(Boolean).length
  expect(ask('/orders', 20)).toBe(0)
  expect(ask('/orders', 2)).toBe(2)
  for (let i = 0; i < 3000; i += 1) parts.has(`/scan${i}x`)
  for (let i = 0; i < 30; i += 1) ask(`/page-${i}`, 30)
  expect(ask('/orders', 1)).toBe(1)
  expect(ask('/page-0', 1)).toBe(1)
  expect(ask('/page-29', 1)).toBe(0)
})

test.each([
  ['acme', 'acme'],
  ['eu-1:acme.example', 'eu-1:acme.example'],
  ['', null],
  ['Bearer abc', null],
  ['a'.repeat(65), null],
])('the tenant in a header with the value %j is %j', (value, tenant) => {
  expect(tenantIn({ header: 'X-Tenant' }, (name) => (name === 'x-tenant' ? value : ''))).toBe(
    tenant,
  )
  const cookie = `a=1; account=${value}; b=2`
  if (!value.includes(';'))
    expect(tenantIn({ cookie: 'account' }, (name) => (name === 'cookie' ? cookie : ''))).toBe(
      tenant,
    )
  expect(tenantIn(undefined, () => value)).toBeNull()
})
