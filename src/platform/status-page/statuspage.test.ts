import { expect, test } from 'vitest'
import type { StatusComponent, StatusPage } from '#contract/status-page/status-page.ts'
import { pageHtml } from './html.ts'
import { shownPage } from './shown-page.ts'
import { statuspageJson } from './statuspage.ts'
import { subscribeHtml } from './subscribe-html.ts'

const confirmed = '2026-11-29T14:05:00.000Z'
const place = { app: 'shop', environment: 'production' }
const component = (
  key: string,
  group: string,
  state: StatusComponent['state'],
): StatusComponent => ({
  ...{ ...place, component: key, name: `The ${key}`, group, state },
  ...{ since: '2026-11-29T14:02:00.000Z', detail: '', uptime: 1, days: [] },
})
const since = '2026-11-29T14:02:00.000Z'
const page: StatusPage = {
  title: '',
  components: [
    component('checkout', 'Buy & pay', 'major_outage'),
    component('search', '', 'operational'),
    component('cards', 'Buy & pay', 'degraded'),
  ],
  changes: [
    { ...place, component: 'checkout', state: 'major_outage', since },
    { ...place, component: 'cards', state: 'degraded', since },
  ],
  incidents: [
    {
      ...{
        ...place,
        id: 3,
        components: ['checkout'],
        title: 'No checkout',
        impact: 'major_outage',
      },
      ...{ started: since, resolved: null, review: null },
      updates: [{ id: 1, phase: 'investigating', text: 'x', published: confirmed, promised: null }],
    },
  ],
  ...{ maintenances: [], subscribe: true, subscribeUrl: false },
}
const shown = shownPage(page, confirmed, false)

test('components are shown by group, and those without one first', () => {
  const html = pageHtml(shown)
  const order = ['<h3>The search', '<h3>Buy &amp; pay', '<h4>The checkout', '<h4>The cards']
  const places = order.map((one) => html.indexOf(one))
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(places[0]).toBeGreaterThan(0)
  expect(html).toContain('The checkout: major outage; began')
  // Subscriptions are by component.
  expect(subscribeHtml(shown).match(/type="checkbox" name="component"/g)).toHaveLength(3)
})

test('the JSON of Statuspage has the groups, and an outage belongs to its own component', () => {
  const json = statuspageJson(shown, '')
  expect(json['/api/v2/components.json']).toMatchObject({
    components: [
      { id: 'shop-production-checkout', group: false, group_id: 'group-Buy%20%26%20pay' },
      { id: 'shop-production-search', group_id: null },
      { id: 'shop-production-cards', status: 'degraded_performance' },
      {
        ...{ id: 'group-Buy%20%26%20pay', name: 'Buy & pay', group: true, group_id: null },
        components: ['shop-production-checkout', 'shop-production-cards'],
        status: 'major_outage',
      },
    ],
  })
  expect(json['/api/v2/incidents/unresolved.json']).toMatchObject({
    incidents: [
      { name: 'No checkout', components: [{ id: 'shop-production-checkout' }] },
      { name: 'Degradation of The cards' },
    ],
  })
})
