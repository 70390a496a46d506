import { expect, test } from 'vitest'
import { type Impact, impactCsv, impactWords } from './impact.ts'

const impact: Impact = {
  ...{ from: '2026-11-29T03:00:00Z', until: '2026-11-29T03:10:00Z', unmeasuredMinutes: 0 },
  ...{ requests: null, routes: [], tenants: [], tenantCount: null, entities: [] },
}

test('says how many of how many, and that it is not known without requests', () => {
  expect(impactWords(impact)).toBe('how many requests failed is not known: none were counted')
  const entity = { monitor: 'charged-twice', entity: '17', since: '2026-11-29T03:00:01Z' }
  const known = { ...impact, requests: { failed: 1204, all: 31_000 }, unmeasuredMinutes: 2 }
  expect(impactWords({ ...known, tenantCount: { hit: 17, all: 240 }, entities: [entity] })).toBe(
    '1,204 of 31,000 requests failed (3.9 %); 17 of 240 tenants were hit; ' +
      '1 breaks the rule charged-twice; 2 min were not measured',
  )
  expect(impactWords({ ...impact, requests: { failed: 0, all: 0 } })).toBe('0 of 0 requests failed')
})

test('writes one line of CSV for each route, tenant and entity, and no formulas', () => {
  const part = (name: string) => ({ name, failed: 1, requests: 2 })
  const csv = impactCsv({
    ...{ ...impact, routes: [part('/orders')], tenants: [part('=cmd|1'), part('')] },
    entities: [{ monitor: 'rule', entity: 'a,"b"\nc', since: '2026-11-29T03:00:01Z' }],
  })
  expect(csv.split('\r\n')).toEqual([
    'kind,name,failed,requests,monitor,since',
    'route,/orders,1,2,,',
    "tenant,'=cmd|1,1,2,,",
    'tenant,(others),1,2,,',
    'entity,"a,""b""\nc",,,rule,2026-11-29T03:00:01Z',
    '',
  ])
})
