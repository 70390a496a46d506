import { expect, test } from 'vitest'
import { componentState } from '#domains/status-page/component.ts'
import type { PageMonitor } from '#views/status-page.ts'
import { monitorVotes } from './votes.ts'

const monitor = (kind: string, more: Partial<PageMonitor>): PageMonitor => ({
  ...{ app: 'shop', environment: 'production', service: 'web', name: kind, kind },
  ...{ url: null, routes: [], state: 'up', since: '2026-11-30T10:00:00Z', age: 0, every: null },
  ...more,
})
const at = (route: string | null) => ({
  ...{ app: 'shop', environment: 'production' },
  scope: { service: null, route, monitors: [] },
})
const stateOf = (monitors: PageMonitor[], route: string | null) =>
  componentState(monitorVotes(monitors, at(route)))

test.each(['routes', 'slow-routes'])(
  '%s degrade their component and the app, no other one',
  (kind) => {
    const routes = monitor(kind, { state: 'degraded', routes: ['/checkout/refund'] })
    const monitors = [monitor('errors', {}), routes]
    expect(stateOf(monitors, null)).toBe('degraded')
    expect(stateOf(monitors, '/checkout')).toBe('degraded')
    expect(stateOf(monitors, '/check')).toBe('operational')
    expect(stateOf(monitors, '/search')).toBe('operational')
    expect(stateOf([monitor('errors', {}), monitor(kind, { state: 'unknown' })], null)).toBe(
      'operational',
    )
  },
)
