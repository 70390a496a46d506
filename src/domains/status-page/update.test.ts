import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Impact } from '#contract/incident/impact.ts'
import { worstBetween } from './history.ts'
import { hitOf, hitText } from './hit.ts'
import {
  type ComponentFacts,
  draftOf,
  type IncidentFacts,
  nextUpdate,
  type StoredUpdate,
  type UpdateAction,
} from './update.ts'

const minute = 60_000
const began = Date.parse('2026-11-29T14:02:00Z')
const shop: ComponentFacts = {
  ...{ name: 'The shop', state: 'degraded', wait: 15 * minute },
  detail: 'The shop: About 4 % of the requests fail; this began on 2026-11-29 at 14:02 UTC.',
}
const published: StoredUpdate[] = [
  {
    ...{ id: 1, occurrence: 1, state: 'published', phase: 'investigating', title: 'x', text: 'y' },
    ...{ due: null, promised: null },
  },
]
const open: IncidentFacts = {
  ...{ id: 3, state: 'open', occurrence: 1, began, mitigated: null, over: null, hit: null },
}
const mitigated: IncidentFacts = { ...open, state: 'mitigated', mitigated: began + 9 * minute }
const over: IncidentFacts = { ...mitigated, state: 'over', over: began + 20 * minute }

/** The updates after an action, as they are stored. */
function after(
  updates: StoredUpdate[],
  action: UpdateAction | null,
  occurrence: number,
): StoredUpdate[] {
  if (!action) return updates
  const rest = updates.filter(({ state }) => state !== 'draft')
  if (action.kind === 'drop') return rest
  const id = action.kind === 'draft' ? updates.length + 1 : action.id
  const before = updates.find((one) => one.id === id)
  const due = 'due' in action ? action.due : (before?.due ?? null)
  const state = action.kind === 'publish' ? 'published' : 'draft'
  return [
    ...rest,
    { id, occurrence, promised: null, ...action.words, state, due: state === 'draft' ? due : null },
  ]
}

test('words are drafted from facts, wait, and are published after their time', () => {
  let updates = after([], nextUpdate(open, shop, [], began), 1)
  expect(updates).toMatchObject([
    {
      ...{ state: 'draft', phase: 'investigating', title: 'Degradation of The shop' },
      text: `${shop.detail} We are investigating it.`,
      due: began + 15 * minute,
    },
  ])
  expect(nextUpdate(open, shop, updates, began + 14 * minute)).toBeNull()
  const worse = { ...shop, state: 'major_outage' as const, detail: '' }
  expect(nextUpdate(open, worse, updates, began + 14 * minute)).toMatchObject({
    kind: 'reword',
    words: { title: 'Major outage of The shop' },
  })
  updates = after(updates, nextUpdate(open, shop, updates, began + 15 * minute), 1)
  expect(updates).toMatchObject([{ state: 'published', phase: 'investigating' }])
  expect(nextUpdate(open, shop, updates, began + 99 * minute)).toBeNull()
  updates = after(updates, nextUpdate(over, shop, updates, began + 99 * minute), 1)
  expect(updates).toMatchObject([{}, { state: 'draft', phase: 'resolved' }])
})

const impact: Impact = {
  ...{ from: '', until: '', unmeasuredMinutes: 0, entities: [], routes: [], tenants: [] },
  ...{ requests: { failed: 1204, all: 31_000 }, tenantCount: { hit: 1017, all: 2400 } },
}
const scoped = (scope: object) => [
  { scope: { service: null, route: null, monitors: [], ...scope } },
]
const hit = (of: Partial<Impact>, scope: object = {}) =>
  hitOf({ ...impact, ...of }, { service: 'web' }, scoped(scope))

test('words say which share of the requests failed, and how many customers were affected', () => {
  const all = { ...open, hit: hit({}) }
  const since = 'Since the problem began, '
  const full = `${since}3.9 % of the requests failed, and 1,017 customers were affected.`
  expect(draftOf(all, shop, [])?.text).toBe(`${shop.detail} ${full} We are investigating it.`)
  expect(draftOf({ ...over, hit: hit({}) }, shop, published)?.text).toMatch(
    / In this time, 3\.9 % of the requests failed, and 1,017 customers were affected\.$/,
  )
  const few = { tenantCount: { hit: 1, all: 9 } }
  for (const [found, text] of [
    [hit({ requests: null, tenantCount: null }), ''],
    [hit({ requests: { failed: 0, all: 9 }, tenantCount: { hit: 0, all: 9 } }), ''],
    [hit({ tenantCount: null }), ` ${since}3.9 % of the requests failed.`],
    [hit(few, { service: 'web' }), ` ${since}3.9 % of the requests failed, and 1 customer was`],
    // The share is not that of the component.
    [hit(few, { route: '/pay' }), ` ${since}1 customer was affected.`],
    [hit(few, { service: 'search' }), ` ${since}1 customer was affected.`],
    [hit(few, { monitors: ['cards'] }), ` ${since}1 customer was affected.`],
    [hit({ unmeasuredMinutes: 2 }), ' 3.9 % of the measured requests failed, and at least 1,017'],
    [hit({ tenants: [{ name: '', failed: 1, requests: 1 }] }), ' and at least 1,017 customers'],
  ] as const)
    if (text === '') expect(hitText(found, false)).toBe('')
    else expect(hitText(found, false)).toContain(text)
  expect(hitText(null, false)).toBe('')
})

test('while the component shows no harm, words wait for a person', () => {
  const fine = { ...shop, state: 'operational' as const, detail: '' }
  let updates = after([], nextUpdate(open, fine, [], began), 1)
  expect(updates).toMatchObject([{ state: 'draft', due: null }])
  expect(nextUpdate(open, fine, updates, began + 99 * minute)).toBeNull()
  updates = after(updates, nextUpdate(open, shop, updates, began + 100 * minute), 1)
  expect(updates).toMatchObject([{ state: 'draft', due: began + 115 * minute }])
  expect(nextUpdate(open, fine, updates, began + 115 * minute)).toMatchObject({ due: null })
  updates = after(updates, nextUpdate(open, shop, updates, began + 115 * minute), 1)
  expect(updates).toMatchObject([{ state: 'published' }])
  // What customers read of is followed up, also when the component shows no harm any more.
  updates = after(updates, nextUpdate(mitigated, fine, updates, began + 116 * minute), 1)
  expect(updates).toMatchObject([{}, { state: 'draft', due: began + 131 * minute }])
})

test('an incident that ends before it is published is never published', () => {
  const updates = after([], nextUpdate(open, shop, [], began), 1)
  expect(nextUpdate(over, shop, updates, began + 99 * minute)).toEqual({ kind: 'drop', id: 1 })
  expect(nextUpdate(over, shop, [], began + 99 * minute)).toBeNull()
})

test('what a person wrote or discarded is not drafted again until it comes back', () => {
  const own = (state: 'published' | 'discarded', phase: StoredUpdate['phase']): StoredUpdate => ({
    ...{ id: 1, occurrence: 1, state, phase, title: 'x', text: 'y', due: null, promised: null },
  })
  expect(nextUpdate(open, shop, [own('discarded', 'investigating')], began)).toBeNull()
  expect(nextUpdate(mitigated, shop, [own('discarded', 'investigating')], began)).toBeNull()
  expect(nextUpdate(open, shop, [own('published', 'identified')], began)).toBeNull()
  const back = { ...open, occurrence: 2 }
  expect(nextUpdate(back, shop, [own('published', 'resolved')], began)).toMatchObject({
    kind: 'draft',
    words: { phase: 'investigating', text: expect.stringMatching(/^The problem has come back/) },
  })
})

test('text of names is no Markdown', () => {
  const named = { ...shop, name: '[x](y)', detail: '' }
  expect(nextUpdate(open, named, [], began)).toMatchObject({
    words: { text: expect.stringContaining('\\[x\\]\\(y\\)'), title: 'Degradation of [x](y)' },
  })
})

test('each phase is published at most once, and phases do not go back', () => {
  const states = fc.array(fc.constantFrom(open, mitigated, over), { maxLength: 30 })
  fc.assert(
    fc.property(states, fc.integer({ min: 0, max: 20 }), (drawn, wait) => {
      let updates: StoredUpdate[] = []
      for (const [index, facts] of drawn.entries()) {
        const at = began + index * 5 * minute
        const component = { ...shop, wait: wait * minute }
        updates = after(updates, nextUpdate(facts, component, updates, at), 1)
        const again = nextUpdate(facts, component, updates, at)
        if (again !== null) expect(again.kind).toBe('publish')
      }
      const phases = updates.filter(({ state }) => state === 'published').map((one) => one.phase)
      const order = ['investigating', 'monitoring', 'resolved']
      expect(phases).toEqual(order.filter((phase) => phases.includes(phase as 'resolved')))
    }),
  )
})

test('the impact is the worst state of its time', () => {
  const states = [
    { state: 'operational' as const, since: 0 },
    { state: 'degraded' as const, since: 10 },
    { state: 'major_outage' as const, since: 20 },
    { state: 'operational' as const, since: 30 },
  ]
  expect(worstBetween(states, 12, 18)).toBe('degraded')
  expect(worstBetween(states, 12, 25)).toBe('major_outage')
  expect(worstBetween(states, 31, 40)).toBeNull()
})
