import { describe, expect, test } from 'vitest'
import { explain, type Firing, type KnownAlert, reconcile } from './reconcile.ts'

const minute = 60_000
const now = 100 * minute
const firing = (source: string, more: Partial<Firing> = {}): Firing => ({
  ...{ source, app: 'shop', environment: 'production', service: 'web', title: '', reason: '' },
  ...{ urgency: 'high', onset: { from: now - minute, until: now }, deployment: null },
  isAlone: false,
  ...more,
})
const alert = (sources: string[], more: Partial<KnownAlert> = {}): KnownAlert => ({
  ...{ id: 1, app: 'shop', environment: 'production', service: 'web', deployment: null },
  ...{ resolved: null, acknowledgedUntil: null, isAlone: false, reopened: 0, quiet: null },
  sources: sources.map((source) => ({ source, ended: false })),
  ...more,
})
const kinds = (known: KnownAlert[], fires: Firing[]) =>
  reconcile(known, fires, now).map((action) => action.kind)

describe('one alert for each cause', () => {
  test('what fires together in a service opens one alert, another service its own', () => {
    const other = firing('monitor/3', { service: 'api' })
    const actions = reconcile([], [firing('monitor/1'), firing('monitor/2'), other], now)
    expect(actions).toMatchObject([
      { kind: 'open', sources: [{ source: 'monitor/1' }, { source: 'monitor/2' }] },
      { kind: 'open', sources: [{ source: 'monitor/3' }] },
    ])
  })

  test('what a deployment explains joins its alert, also from another service', () => {
    const known = [alert(['monitor/1'], { deployment: 9 })]
    const joins = firing('monitor/2', { service: 'api', deployment: 9 })
    expect(kinds(known, [firing('monitor/1'), joins])).toEqual(['join'])
    expect(kinds(known, [firing('monitor/1'), { ...joins, deployment: 8 }])).toEqual(['open'])
  })

  test('problems of the installation have nothing in common', () => {
    const nowhere = { app: null, environment: null, service: null, isAlone: true }
    expect(kinds([], [firing('monitor/1', nowhere), firing('monitor/2', nowhere)])).toEqual([
      'open',
      'open',
    ])
  })

  test('what turns off a switch has an alert of its own, and nothing joins it', () => {
    const pull = firing('monitor/9/page', { isAlone: true, deployment: 9 })
    const known = [alert(['monitor/1'], { deployment: 9 })]
    expect(kinds(known, [firing('monitor/1'), pull])).toEqual(['open'])
    expect(kinds([], [firing('monitor/1'), pull])).toEqual(['open', 'open'])
    const own = alert(['monitor/9/page'], { isAlone: true, deployment: 9 })
    expect(kinds([own], [pull, firing('monitor/1', { deployment: 9 })])).toEqual(['open'])
    const sources = [{ source: 'monitor/9/page', ended: true }]
    expect(kinds([{ ...own, resolved: now - minute, sources }], [pull])).toEqual(['reopen'])
  })

  test('what goes on changes nothing', () => {
    expect(kinds([alert(['monitor/1'])], [firing('monitor/1')])).toEqual([])
  })
})

describe('the end', () => {
  test('an alert is resolved when its last source has ended', () => {
    const known = [alert(['monitor/1', 'monitor/2'])]
    expect(kinds(known, [firing('monitor/2')])).toEqual(['end'])
    expect(kinds(known, [])).toEqual(['end', 'end', 'resolve'])
  })

  test('it opens again within a quarter of an hour, and anew later', () => {
    const ended = (minutes: number) => [
      alert([], {
        resolved: now - minutes * minute,
        sources: [{ source: 'monitor/1', ended: true }],
      }),
    ]
    expect(kinds(ended(14), [firing('monitor/1')])).toEqual(['reopen'])
    expect(kinds(ended(16), [firing('monitor/1')])).toEqual(['open'])
  })

  test.each([
    [1, 0],
    [2, 5],
    [3, 10],
    [9, 15],
  ])('opened again %d times, it is resolved after %d quiet minutes', (reopened, minutes) => {
    const at = (quiet: number) =>
      reconcile([alert([], { reopened, quiet })], [], now).map(({ kind }) => kind)
    expect(at(now - minutes * minute)).toEqual(['resolve'])
    if (minutes > 0) expect(at(now - minutes * minute + 1)).toEqual([])
    const fires = alert(['monitor/1'], { reopened })
    expect(kinds([fires], [])).toEqual(minutes > 0 ? ['end'] : ['end', 'resolve'])
  })

  test('what fires again in an alert that is not resolved yet joins it', () => {
    const sources = [{ source: 'monitor/1', ended: true }]
    const held = alert([], { reopened: 2, quiet: now - minute, sources })
    expect(kinds([held], [firing('monitor/1')])).toEqual(['join'])
  })

  test('of several sources, one opens it again, and the others join', () => {
    const known = [alert([], { resolved: now - minute })]
    expect(kinds(known, [firing('monitor/1'), firing('monitor/2')])).toEqual(['reopen', 'join'])
  })

  test('a problem of the installation opens its own alert again, and no other', () => {
    const nowhere = { app: null, environment: null, service: null, isAlone: true }
    const sources = [{ source: 'monitor/1', ended: true }]
    const known = [alert([], { ...nowhere, resolved: now - minute, sources })]
    expect(kinds(known, [firing('monitor/1', nowhere)])).toEqual(['reopen'])
    expect(kinds(known, [firing('monitor/2', nowhere)])).toEqual(['open'])
  })

  test('one that a person resolved stays resolved while it fires', () => {
    const known = [alert(['monitor/1'], { resolved: now - minute })]
    expect(kinds(known, [firing('monitor/1')])).toEqual([])
    expect(kinds(known, [])).toEqual(['end'])
  })

  test('an acknowledgement expires', () => {
    const known = [alert(['monitor/1'], { acknowledgedUntil: now })]
    expect(kinds(known, [firing('monitor/1')])).toEqual(['expire'])
    expect(kinds([{ ...known[0]!, acknowledgedUntil: now + 1 }], [firing('monitor/1')])).toEqual([])
  })
})

test.each([
  ['shortly before', now - 2 * minute, 1],
  ['long before', now - 12 * minute, null],
  ['after the harm began', now + minute, null],
])('a deployment %s', (_, live, expected) => {
  expect(explain({ from: now - minute, until: now }, [{ id: 1, live }])).toBe(expected)
})

test('the newest of several deployments explains it', () => {
  const lives = [now - 3 * minute, now - 90_000, now - 5 * minute]
  const deployments = lives.map((live, i) => ({ id: i + 1, live }))
  expect(explain({ from: now - minute, until: now }, deployments)).toBe(2)
})
