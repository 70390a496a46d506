import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { expect, test } from 'vitest'
import type { PublicIncident, StatusPage } from '#contract/status-page/status-page.ts'
import { atomFeed } from './feed.ts'
import { incidentPageHtml, pageHtml } from './html.ts'
import { markdownHtml } from './markdown.ts'
import { shownPage } from './shown-page.ts'
import { statuspageJson } from './statuspage.ts'

const confirmed = '2026-11-29T14:30:00.000Z'
const place = { app: 'shop', environment: 'production' }
const time = (of: string): string => `2026-11-29T${of}:00.000Z`
const incident: PublicIncident = {
  ...{ ...place, id: 3, title: 'Partial outage of shop', impact: 'partial_outage' },
  ...{ components: [''], started: time('14:02'), resolved: null },
  updates: [
    {
      ...{ id: 2, phase: 'identified', text: 'Cards are **refused**.', published: time('14:20') },
      promised: time('14:50'),
    },
    {
      ...{ id: 1, phase: 'investigating', text: '4 % fail.', published: time('14:17') },
      promised: null,
    },
  ],
  review: null,
}
const review = { text: 'One gateway was *too few*.<b>', published: time('14:25') }
const ended: PublicIncident = {
  ...{ ...incident, id: 2, title: 'Slow answers', resolved: time('11:30'), review },
  ...{ started: time('11:00'), updates: [{ ...incident.updates[1]!, phase: 'resolved' }] },
}
const maintenance = (id: number, from: string, until: string) => ({
  ...{ ...place, id, announced: time('08:00'), from: time(from), until: time(until) },
})
const page: StatusPage = {
  title: '',
  components: [
    {
      ...{ ...place, component: '', name: 'The shop', group: '', state: 'partial_outage' },
      ...{ since: time('14:02'), detail: '', uptime: 1, days: [] },
    },
  ],
  changes: [
    { ...place, component: '', state: 'partial_outage', since: time('14:02') },
    { ...place, component: '', state: 'operational', since: time('07:00') },
    { ...place, component: '', state: 'degraded', since: time('06:30') },
  ],
  incidents: [incident, ended],
  subscribe: false,
  subscribeUrl: false,
  maintenances: [
    maintenance(7, '09:00', '09:30'),
    maintenance(8, '14:00', '15:00'),
    maintenance(9, '22:00', '23:00'),
  ],
}
const shown = shownPage(page, confirmed, false)

test('an incident is on the page with its words, its promise and a page of its own', () => {
  const html = pageHtml(shown)
  expect(html).toContain('<a href="/incidents/3">Partial outage of shop</a>')
  expect(html).toContain('Cards are <strong>refused</strong>.')
  expect(html).toContain('Next update by <time datetime="2026-11-29T14:50:00.000Z">')
  expect(html.indexOf('Past incidents')).toBeGreaterThan(html.indexOf('Components'))
  expect(incidentPageHtml(shown, ended)).not.toContain('Next update')
})

test('a review is on the page of its incident, in the feed and in the JSON', () => {
  expect(pageHtml(shown)).toContain('<a href="/incidents/2#review">What was learned</a>')
  const html = incidentPageHtml(shown, ended)
  expect(html).toContain('One gateway was <em>too few</em>.&lt;b&gt;')
  expect(html).toContain('Published on <time datetime="2026-11-29T14:25:00.000Z">')
  expect(pageHtml(shown)).not.toContain('too few')
  expect(incidentPageHtml(shown, incident)).not.toContain('What was learned')
  const feed = atomFeed(shown, 'https://status.example.com', 'acme')
  expect(feed).toContain(
    '<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:fairlead:status-page:acme</id>',
  )
  expect(feed).toContain('<title>Slow answers: What was learned</title>')
  expect(feed).toContain('href="https://status.example.com/incidents/2#review"')
  const incidents = statuspageJson(shown, '')['/api/v2/incidents.json']?.['incidents']
  expect(incidents).toMatchObject([
    { id: '3', status: 'identified', postmortem_body: null, postmortem_published_at: null },
    {
      ...{ id: '2', status: 'postmortem', postmortem_body: review.text },
      ...{ postmortem_published_at: review.published, updated_at: review.published },
      incident_updates: [{ status: 'postmortem' }, { status: 'resolved' }],
    },
    {},
  ])
})

test('maintenance that goes on or comes is on the page, that which is over is not', () => {
  const html = pageHtml(shown)
  expect(html.match(/In progress|Scheduled/g)).toEqual(['In progress', 'Scheduled'])
  expect(html).not.toContain('09:30 UTC')
})

test('the JSON has incidents, outages without words, and scheduled maintenance', () => {
  const json = statuspageJson(shown, 'https://status.example.com')
  expect(json['/api/v2/incidents.json']).toMatchObject({
    incidents: [
      {
        ...{ id: '3', status: 'identified', impact: 'major', resolved_at: null },
        shortlink: 'https://status.example.com/incidents/3',
        incident_updates: [{ body: 'Cards are **refused**.' }, { status: 'investigating' }],
        components: [{ name: 'The shop' }],
      },
      { id: '2', resolved_at: time('11:30') },
      // An outage that nothing was published about, and not that of incident 3.
      { name: 'Degradation of The shop', status: 'resolved' },
    ],
  })
  expect(json['/api/v2/scheduled-maintenances/upcoming.json']).toMatchObject({
    scheduled_maintenances: [{ id: 'maintenance-9', status: 'scheduled' }],
  })
  expect(json['/api/v2/summary.json']).toMatchObject({
    incidents: [{ id: '3' }],
    scheduled_maintenances: [{ status: 'in_progress' }, { status: 'scheduled' }],
  })
})

test('updates are in the feed', () => {
  expect(atomFeed(shown, 'https://status.example.com', 'acme')).toContain(
    '<title>Partial outage of shop: Identified</title>',
  )
})

test('Markdown that is nested too deeply is text, and the page is there', () => {
  expect(markdownHtml('>'.repeat(20_000))).toBe(`<p>${'&gt;'.repeat(20_000)}</p>\n`)
})

test('Markdown has no HTML, images or links to scripts, whatever people write', () => {
  expect(markdownHtml('<script>alert(1)</script>')).toContain('&lt;script&gt;')
  expect(markdownHtml('![x](https://tracker.example.com/a.png)')).toBe('<p>x</p>\n')
  expect(markdownHtml('[x](javascript:alert(1))')).toBe('<p>x</p>\n')
  expect(markdownHtml('<code><img/src="x"/onerror=alert(1)>')).toBe(
    '<p>&lt;code&gt;&lt;img/src=&quot;x&quot;/onerror=alert(1)&gt;</p>\n',
  )
  expect(markdownHtml('[x](https://example.com/?a="b)')).toContain('href="https://example.com/?a=')
  const parts = fc.constantFrom(
    ...['<img src=x onerror=alert(1)>', '[a](', '](javascript:x)', '![', '"', "'", '<', '>', '`'],
    ...[
      '|a|b|\n|-|-|\n',
      '# ',
      '\n\n',
      '- ',
      '- [ ] ',
      '<https://a.b>',
      '&lt;',
      '*',
      '</p>',
      'data:',
      '<code>',
      '<x/y>',
    ],
  )
  const allowed = /^(?:p|strong|em|a|ul|ol|li|br|code|pre|blockquote|hr|del)$/
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 20 }), (drawn) => {
      const html = markdownHtml(drawn.join(''))
      const parser = new SaxesParser({ fragment: true })
      parser.on('opentag', ({ name, attributes }) => {
        expect(name).toMatch(allowed)
        for (const [key, value] of Object.entries(attributes))
          if (key === 'href') expect(value).toMatch(/^(?:https?:\/\/|mailto:)/i)
          else expect(['rel', 'start']).toContain(key)
      })
      parser.on('error', (error) => {
        throw error
      })
      // The void elements of HTML.
      parser.write(html.replace(/<(br|hr)>/g, '<$1/>')).close()
    }),
    { numRuns: 300 },
  )
})
