import { expect, test } from 'vitest'
import { FrequentRoutes, routeOf } from './frequent-routes.ts'

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

test('counts a route once it is frequent, and at most twenty', () => {
  const routes = new FrequentRoutes()
  const ask = (path: string, times: number) =>
    Array.from({ length: times }, () => routes.of(path)).filter((route) => route !== null)
  expect(ask('/orders/1', 20)).toEqual([])
  expect(ask('/orders/2', 2)).toEqual(['/orders', '/orders'])
  for (let i = 0; i < 3000; i += 1) routes.of(`/scan${i}x`)
  for (let i = 0; i < 30; i += 1) ask(`/page-${'abcdefghijklmnopqrstuvwxyzäöüß'[i]}`, 30)
  expect(ask('/orders', 1)).toEqual(['/orders'])
  expect(ask('/page-a', 1)).toEqual(['/page-a'])
  expect(ask('/page-z', 1)).toEqual([])
})
