import { expect, test } from 'vitest'
import { failingRoutes } from './failing-routes.ts'

test('the routes that explain the failures are named, the one with most failures first', () => {
  expect(failingRoutes({ '/pay': [40, 38], '/home': [900, 1], '': [60, 0] })).toEqual(['/pay'])
  expect(failingRoutes({ '/pay': [40, 38], '/refund': [6, 6], '/home': [900, 9] })).toEqual([
    '/pay',
    '/refund',
  ])
})

test('no route is named when everything fails, when there is one route, or by chance', () => {
  expect(failingRoutes({ '/pay': [40, 38], '/home': [900, 850], '/a': [9, 9] })).toEqual([])
  expect(failingRoutes({ '/a': [9, 9], '/b': [9, 9], '/c': [9, 9], '/d': [9, 9] })).toEqual([])
  expect(failingRoutes({ '/home': [900, 850] })).toEqual([])
  expect(failingRoutes({ '/pay': [2, 2], '/home': [900, 0] })).toEqual([])
  expect(failingRoutes({})).toEqual([])
})
