import { expect, test } from 'vitest'
import type { MonitorState } from '#contract/monitor/monitor.ts'
import { byState, shownDuring } from './maintenance.ts'

const place = { app: 'shop', environment: 'production', service: 'web' }
const silence = {
  ...{ app: 'shop', environment: null, service: null, actor: 'Ada', reason: 'upgrade' },
  until: '2026-12-01T23:00:00.000Z',
}
const monitor = (state: MonitorState, reason = '') => ({ ...place, state, reason })

test('a monitor is in maintenance while a silence of its place lasts', () => {
  expect(shownDuring(monitor('up'), [silence])).toEqual(
    monitor('maintenance', 'Ada silenced it until 2026-12-01T23:00:00.000Z: upgrade'),
  )
  expect(shownDuring(monitor('down', 'no answer'), [silence]).reason).toMatch(
    /: upgrade; it is down: no answer$/,
  )
})

test.each([{ app: 'blog' }, { environment: 'dev' }, { service: 'api' }])(
  'a silence of %o does not cover it',
  (other) => {
    expect(shownDuring(monitor('up'), [{ ...silence, ...other }]).state).toBe('up')
  },
)

test('what is wrong comes first', () => {
  const states = byState([monitor('up'), monitor('maintenance'), monitor('degraded')])
  expect(states.map(({ state }) => state)).toEqual(['degraded', 'maintenance', 'up'])
})
