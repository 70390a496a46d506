import { expect, test } from 'vitest'
import { areaOf, areas, places, visiblePlaces } from './areas.ts'

test.each([
  ['/', 'Home'],
  ['/apps', 'Apps'],
  ['/apps/shop/environments/production', 'Apps'],
  ['/runs/12/change', 'Activity'],
  ['/deployments/3/canary', 'Activity'],
  ['/deployments/figures', 'Activity'],
  ['/alerts/3', 'Reliability'],
  ['/incidents/3', 'Reliability'],
  ['/incidents/3/review', 'Reliability'],
  ['/users', 'Settings'],
  ['/docs/gates', 'Docs'],
  ['/runsheet', undefined],
])('%s belongs to %s', (path, area) => expect(areaOf(path)?.text).toBe(area))

test('every page has a key of its own', () => {
  expect(new Set(places.map(({ key }) => key)).size).toBe(places.length)
})

test('the users are only for admins', () => {
  const settings = areas.find(({ text }) => text === 'Settings')!
  const texts = (isAdmin: boolean) => visiblePlaces(settings, isAdmin).map(({ text }) => text)
  expect([texts(true), texts(false)]).toEqual([
    ['Tokens', 'Channels', 'Hosts', 'Sessions', 'Users'],
    ['Tokens', 'Channels', 'Hosts', 'Sessions'],
  ])
})
