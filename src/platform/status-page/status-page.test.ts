import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { expect, test } from 'vitest'
import {
  componentStates,
  type StatusChange,
  type StatusComponent,
  type StatusPage,
} from '#contract/status-page/status-page.ts'
import { badgeSvg } from './badge.ts'
import { atomFeed, rssFeed } from './feed.ts'
import { pageHtml } from './html.ts'
import { outagesOf } from './outages.ts'
import { statusPageAddress, statusPagePlace } from './place.ts'
import { headline, shownPage } from './shown-page.ts'
import { statuspageJson } from './statuspage.ts'

const confirmed = '2026-11-29T14:05:00.000Z'
const component = (app: string, state: StatusComponent['state']): StatusComponent => ({
  ...{ app, environment: 'production', component: '', name: app, group: '', state },
  since: '2026-11-29T14:02:00.000Z',
  ...{ detail: state === 'operational' ? '' : 'About 4 % of the requests fail.', uptime: 0.99999 },
  days: Array.from({ length: 90 }, (_, index) => ({
    date: new Date(Date.parse('2026-09-01') + index * 86_400_000).toISOString().slice(0, 10),
    state: componentStates[index % 6]!,
  })),
})
const change = (since: string, state: StatusChange['state']): StatusChange => ({
  ...{
    app: 'shop',
    environment: 'production',
    component: '',
    state,
    since: `2026-11-29T${since}:00.000Z`,
  },
})
const changes = [
  change('14:03', 'major_outage'),
  change('14:02', 'degraded'),
  change('11:00', 'operational'),
  change('10:30', 'unknown'),
  change('10:00', 'partial_outage'),
  change('09:00', 'operational'),
]
const page: StatusPage = {
  title: '',
  components: [component('shop', 'major_outage'), component('mail', 'operational')],
  ...{ changes, incidents: [], maintenances: [], subscribe: false, subscribeUrl: false },
}
const isXml = (text: string): void => {
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.write(text).close()
}

test('the headline names what is wrong', () => {
  expect(headline(shownPage(page, confirmed, false))).toBe('Major outage: shop')
  const mail = { ...page, components: page.components.slice(1) }
  expect(headline(shownPage(mail, confirmed, false))).toBe('Everything is operational')
  expect(headline(shownPage(page, confirmed, true))).toBe('The state is unknown')
  expect(headline(shownPage(null, null, true))).toBe('The state is unknown')
  expect(headline(shownPage({ ...page, components: [] }, confirmed, false))).toBe(
    'Nothing is published yet',
  )
})

test('an old confirmation makes every component unknown, on every file', () => {
  const stale = shownPage(page, confirmed, true)
  expect(stale.components.map(({ state, detail }) => [state, detail])).toEqual([
    ...[
      ['unknown', ''],
      ['unknown', ''],
    ],
  ])
  expect(pageHtml(stale)).toContain('What has happened since then is not known')
  const json = statuspageJson(stale, '')
  expect(json['/api/v2/status.json']).toMatchObject({ status: { indicator: 'unknown' } })
})

test('the page needs no script, says when it was confirmed, and is small', () => {
  const many = Array.from({ length: 30 }, (_, index) => component(`app-${index}`, 'degraded'))
  const html = pageHtml(shownPage({ ...page, components: many }, confirmed, false))
  expect(html).not.toContain('<script')
  expect(html).toContain('Last confirmed on <time')
  expect(html).toContain('2026-11-29 at 14:05:00 UTC')
  const usual = many.map((one) => ({
    ...one,
    days: one.days.map((day, index) => ({
      ...day,
      state: index % 9 === 0 ? ('degraded' as const) : ('operational' as const),
    })),
  }))
  const text = pageHtml(shownPage({ ...page, components: usual }, confirmed, false))
  expect(Buffer.byteLength(text)).toBeLessThan(50_000)
  expect(text).toContain('99.99 % without an outage')
})

test('names are text on every file, whatever they contain', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      const evil = `<script>alert(1)</script>"'&${name}`
      const shown = shownPage(
        { ...page, components: [{ ...component('shop', 'degraded'), name: evil, detail: evil }] },
        ...([confirmed, false] as const),
      )
      expect(pageHtml(shown)).not.toContain('<script>')
      isXml(atomFeed(shown, 'http://status.localhost', 'default'))
      isXml(rssFeed(shown, 'http://status.localhost'))
      isXml(badgeSvg(evil, 'degraded'))
    }),
    { numRuns: 50 },
  )
})

test('an outage ends when the component is operational, not when it is unknown', () => {
  expect(
    outagesOf(changes).map(({ started, resolved, worst }) => [started, resolved, worst]),
  ).toEqual([
    ['2026-11-29T14:02:00.000Z', null, 'major_outage'],
    ['2026-11-29T10:00:00.000Z', '2026-11-29T11:00:00.000Z', 'partial_outage'],
  ])
})

test('the JSON is that of Statuspage', () => {
  const json = statuspageJson(shownPage(page, confirmed, false), 'https://status.example.com')
  expect(json['/api/v2/summary.json']).toMatchObject({
    page: { url: 'https://status.example.com', updated_at: confirmed },
    status: { indicator: 'critical', description: 'Major outage: shop' },
    components: [
      { name: 'shop', status: 'major_outage', description: 'About 4 % of the requests fail.' },
      { name: 'mail', status: 'operational' },
    ],
    incidents: [{ status: 'investigating', impact: 'critical', resolved_at: null }],
    scheduled_maintenances: [],
  })
  expect(json['/api/v2/incidents.json']).toMatchObject({
    incidents: [{}, { status: 'resolved', name: 'Partial outage of shop' }],
  })
})

test('the place of the page comes from the environment', () => {
  expect(statusPagePlace({})).toEqual({
    ...{ host: 'status.localhost', port: null, isLocal: true, url: null },
  })
  expect(statusPagePlace({ FAIRLEAD_STATUS_HOST: 'off' })).toBeNull()
  const place = statusPagePlace({
    ...{ FAIRLEAD_STATUS_HOST: 'Status.Example.com', FAIRLEAD_STATUS_PORT: '4900' },
  })
  expect(place).toEqual({ host: 'status.example.com', port: 4900, isLocal: false, url: null })
  expect(statusPageAddress(place!, 4480)).toBe('http://localhost:4900')
  expect(statusPageAddress({ host: 'status.localhost', port: null, url: null }, 4480)).toBe(
    'http://status.localhost:4480',
  )
  const behindProxy = statusPagePlace({ FAIRLEAD_STATUS_URL: 'https://status.example.com/' })
  expect(statusPageAddress(behindProxy!, 4480)).toBe('https://status.example.com')
  expect(() => statusPagePlace({ FAIRLEAD_STATUS_URL: 'javascript:x' })).toThrow(
    'FAIRLEAD_STATUS_URL must be an address without a path',
  )
})
