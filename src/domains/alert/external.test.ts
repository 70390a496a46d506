import { describe, expect, test } from 'vitest'
import { numberOf, postableAlert, reportOf, scopeOf, uuidOf } from './alertmanager.ts'
import { alertQuery, gettableAlerts, gettableSilence, groupsOf } from './alertmanager-view.ts'
import { reportOfCloudEvent } from './cloud-event.ts'
import type { Target } from './external-store.ts'
import { type KnownPlace, placeOf, sourceOf } from './external.ts'
import { formatMatcher, matcherOf, parseMatcher } from './matcher.ts'
import { pagerdutyEvent, reportOfEvent } from './pagerduty-event.ts'
import { silencedAlerts } from './silenced.ts'

const now = Date.UTC(2026, 10, 29, 12)
const iso = (seconds: number): string => new Date(now + seconds * 1000).toISOString()

describe('matchers', () => {
  test.each([
    ['app="shop"', { app: 'shop' }, true],
    ['app=shop', { app: 'shop' }, true],
    ['app!="shop"', {}, true],
    ['instance=~"web-\\\\d+"', { instance: 'web-12' }, true],
    ['instance=~"web"', { instance: 'web-12' }, false],
    ['instance!~".+"', {}, true],
    ['env=""', {}, true],
  ])('%s of %j: %s', (text, labels, expected) => {
    expect(matcherOf([parseMatcher(text)])(labels)).toBe(expected)
    expect(matcherOf([parseMatcher(formatMatcher(parseMatcher(text)))])(labels)).toBe(expected)
  })

  test.each(['shop', '="x"', 'a=~"("', 'a="x', 'a=~"(?=x)"'])('%s is refused', (text) => {
    expect(() => parseMatcher(text)).toThrow(/is not a/)
  })

  test('an expression that backtracks takes linear time', () => {
    const matches = matcherOf([parseMatcher('a=~"(a+)+b"')])
    expect(matches({ a: 'a'.repeat(5000) })).toBe(false)
  })
})

describe('the place', () => {
  const places: KnownPlace[] = [
    { app: 'blog', environment: 'production', services: ['web'] },
    { app: 'shop', environment: 'staging', services: ['api', 'web'] },
    { app: 'shop', environment: 'production', services: ['api', 'web'] },
  ]
  test.each([
    [{ app: 'shop' }, ['shop', 'production', null]],
    [{ app: 'shop', environment: 'staging', service: 'api' }, ['shop', 'staging', 'api']],
    [{ app: 'shop', env: 'lab' }, ['shop', null, null]],
    [{ job: 'blog' }, ['blog', 'production', 'web']],
    [{ job: 'api' }, ['shop', 'production', 'api']],
    [{ job: 'web' }, [null, null, null]],
    [{ job: 'node' }, [null, null, null]],
  ])('of %j', (labels, expected) => {
    const { app, environment, service } = placeOf(labels, places, null)
    expect([app, environment, service]).toEqual(expected)
  })
  test('a sender that may report for one app needs no label', () => {
    expect(placeOf({ job: 'node' }, places, 'blog').app).toBe('blog')
    expect(placeOf({ app: 'shop' }, places, 'blog').app).toBe('shop')
  })
})

describe('reports', () => {
  const alert = (more: object) =>
    reportOf(postableAlert.parse({ labels: { alertname: 'Slow', severity: 'page' }, ...more }), now)

  test('an alert of Prometheus ends when it says so, and otherwise after five minutes', () => {
    expect(alert({ startsAt: iso(-60), endsAt: iso(240) })).toMatchObject({
      ...{ starts: now - 60_000, ends: now + 240_000, urgency: 'high', group: 'Slow' },
    })
    expect(alert({ endsAt: '0001-01-01T00:00:00Z' }).ends).toBe(now + 300_000)
  })

  test('the key is that of the labels, in any order; one cause is one source', () => {
    const key = (labels: object) => alert({ labels }).key
    expect(key({ a: '1', b: '2' })).toBe(key({ b: '2', a: '1', c: '' }))
    expect(key({ a: '1' })).not.toBe(key({ a: '2' }))
    const place = { app: 'shop', environment: null, service: null }
    const source = (instance: string) =>
      sourceOf(alert({ labels: { alertname: 'Slow', instance } }), place)
    expect(source('a')).toBe(source('b'))
  })

  test('an event of PagerDuty names its place, and ends only when it is resolved', () => {
    const payload = {
      summary: 'It is slow.',
      source: 'shop',
      severity: 'warning',
      group: 'staging',
    }
    const event = pagerdutyEvent.parse({ routing_key: 'k', event_action: 'trigger', payload })
    expect(reportOfEvent(event, { sender: 's', key: 'd', now })).toMatchObject({
      ...{ title: 'It is slow', urgency: 'low', ends: null },
      labels: { app: 'shop', environment: 'staging' },
    })
    const wrong = (more: object) => pagerdutyEvent.safeParse({ routing_key: 'k', ...more }).success
    expect(wrong({ event_action: 'trigger' })).toBe(false)
    expect(wrong({ event_action: 'resolve' })).toBe(false)
  })

  test('a CloudEvent ends what has the same source and subject', () => {
    const event = (type: string, data: object = {}) =>
      reportOfCloudEvent(
        { specversion: '1.0', id: '1', source: '/db', subject: 'disk', type, data },
        's',
        now,
      )
    const fired = event('com.example.disk.full', { title: 'The disk is full', severity: 'info' })
    expect(fired).toMatchObject({ title: 'The disk is full', urgency: 'low', ends: null })
    const ended = event('com.example.disk.resolved')
    expect([ended.key, ended.ends]).toEqual([fired.key, now])
  })
})

describe('silences', () => {
  const silence = (matchers: string[], more = {}) => ({
    ...{ id: 3, app: null, environment: null, service: null, actor: 'Ada', reason: 'x' },
    ...{ from: iso(-60), until: iso(60), created: iso(-60), matchers, ...more },
  })
  const target = (alert: number, labels: Record<string, string>): Target => ({
    ...{ source: 'external/1', alert, app: 'shop', environment: 'production', service: null },
    ...{ labels: { app: 'shop', ...labels }, annotations: {}, link: null },
    ...{ starts: iso(-60), ends: null, updated: iso(-60) },
  })

  test('an alert is silenced while all that fires in it is', () => {
    const targets = [target(1, { i: 'a' }), target(1, { i: 'b' }), target(2, { i: 'a' })]
    expect(silencedAlerts(targets, [silence(['i="a"'])])).toEqual([{ alert: 2, until: iso(60) }])
    const both = [silence(['i="a"']), silence(['i="b"'], { until: iso(30) })]
    expect(silencedAlerts(targets, both)).toEqual([
      { alert: 1, until: iso(30) },
      { alert: 2, until: iso(60) },
    ])
  })

  test('matchers of a place become the place; the id is a UUID', () => {
    const matchers = ['app="shop"', 'service="web"', 'instance=~"a.*"'].map(parseMatcher)
    const scope = scopeOf(matchers, new Set(['shop']))
    const place = { app: 'shop', environment: null, service: 'web' }
    expect(scope).toEqual({ ...place, matchers: ['instance=~"a.*"'] })
    expect(scopeOf(matchers, new Set()).app).toBe(null)
    expect(gettableSilence(silence(scope.matchers, place), now)).toMatchObject({
      ...{ matchers, status: { state: 'active' }, id: uuidOf(3) },
    })
    expect([numberOf(uuidOf(987_654)), numberOf('x')]).toEqual([987_654, null])
  })

  test('what fires is listed with its silences, by filter, in groups', () => {
    const targets = [target(1, { i: 'a' }), target(1, { i: 'b' })]
    const list = (query: Record<string, unknown>) =>
      gettableAlerts(targets, [silence(['i="a"'])], {
        ...{ query: alertQuery(query), publicUrl: 'http://fairlead.test', now },
      })
    expect(list({ filter: ['i="a"'] })).toMatchObject([
      { status: { state: 'suppressed', silencedBy: [uuidOf(3)] } },
    ])
    expect(list({ silenced: 'false' })).toMatchObject([{ labels: { i: 'b' } }])
    expect(groupsOf(list({}))).toMatchObject([{ labels: { app: 'shop' }, alerts: [{}, {}] }])
  })
})
