import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Decision } from '#contract/deployment/decision.ts'
import { environmentFile } from '#contract/pipeline-file/pipeline-file.ts'
import { decidePermission, frozenUntil, mayDecide, rulesOf } from './permission.ts'

const at = (text: string): number => Date.parse(text)
const file = (value: unknown) => environmentFile.parse(value)
const decision = (kind: Decision['kind'], actor: string, comment = ''): Decision => ({
  kind,
  actor,
  comment,
  made: '',
})
const situation = {
  hasKnownAuthor: true,
  decisions: [],
  later: null,
  asked: at('2026-11-24T10:00:00Z'),
  now: at('2026-11-24T11:00:00Z'),
}
const weekend = { cron: '0 16 * * 5', for: '62h', zone: 'Europe/Vienna', reason: 'weekend' }
const holidays = { from: '2026-12-24', until: '2026-12-27T06:00:00+01:00', reason: 'holidays' }

describe('a freeze', () => {
  const { freezes } = rulesOf(file({ freeze: [weekend, holidays] }))
  test.each([
    // In Vienna it is 16:00 at 15:00 UTC in winter and at 14:00 UTC in summer.
    ['2026-11-27T14:59:59Z', null],
    ['2026-11-27T15:00:00Z', '2026-11-30T05:00:00Z'],
    ['2026-11-30T04:59:59Z', '2026-11-30T05:00:00Z'],
    ['2026-11-30T05:00:00Z', null],
    ['2026-07-03T14:00:00Z', '2026-07-06T04:00:00Z'],
    ['2026-07-03T13:59:00Z', null],
    ['2026-12-24T00:00:00Z', '2026-12-27T05:00:00Z'],
    ['2026-12-23T23:59:59Z', null],
    // Both are in force: the longer one counts.
    ['2026-12-26T12:00:00Z', '2026-12-28T05:00:00Z'],
  ])('at %s lasts until %s', (now, until) => {
    expect(frozenUntil(freezes, at(now))?.until ?? null).toBe(until === null ? null : at(until))
  })

  test('law: one that repeats is in force exactly when it began within its length', () => {
    const hourly = rulesOf(file({ freeze: [{ cron: '0 * * * *', for: '20m' }] })).freezes
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (now) => {
        const into = now % 3_600_000
        expect(frozenUntil(hourly, now)?.until ?? null).toBe(
          into < 1_200_000 ? now - into + 1_200_000 : null,
        )
      }),
    )
  })

  test('holds, and an override that is recorded lifts it', () => {
    const rules = rulesOf(file({ freeze: [weekend] }))
    const now = at('2026-11-28T10:00:00Z')
    expect(decidePermission({ ...situation, rules, now })).toEqual({
      go: false,
      end: null,
      blocked: 'freeze',
      reason: 'frozen until 2026-11-30 05:00 UTC: weekend',
    })
    expect(
      decidePermission({
        ...situation,
        rules,
        now,
        decisions: [decision('override', 'Eve', 'outage')],
      }),
    ).toEqual({
      go: true,
    })
    expect(decidePermission({ ...situation, rules, now, later: 9 })).toMatchObject({
      end: 'superseded',
    })
  })

  test.each([
    [{ from: '2026-12-24' }, 'must have either'],
    [{ cron: '0 16 * * 5', until: '2026-12-24' }, 'must have either'],
    [{ cron: 'x', for: '1h' }, 'must be a cron expression'],
    [{ cron: '0 0 31 2 *', for: '1h' }, 'never occurs'],
    [{ from: '2026-12-24', until: '2026-11-01' }, 'must be later than `from`'],
    [{ from: '2026-12-24', until: '2026-12-24' }, 'must be later than `from`'],
    [{ from: '2026-12-24', until: '2026-12-25', zone: 'UTC' }, 'counts for `cron` only'],
    [{ cron: '0 16 * * 5', for: '40d' }, 'must be at most 31d'],
    [{ from: 'Christmas', until: '2026-12-27' }, 'must be a date such as'],
    [{ cron: '0 16 * * 5', for: '1h', zone: 'Vienna' }, 'must be the name of a time zone'],
  ])('%j is refused', (freeze, why) => {
    const result = environmentFile.safeParse({ freeze: [freeze] })
    expect(result.error?.issues.map(({ message }) => message).join()).toContain(why)
  })
})

describe('an approval', () => {
  const rules = rulesOf(file({ approve: { by: ['Bob', 'Eve'], count: 2, expires: '2h' } }))
  test('is waited for, counted, refused and expires', () => {
    const ask = (decisions: Decision[], now = situation.now) =>
      decidePermission({ ...situation, rules, decisions, now })
    expect(ask([])).toMatchObject({
      blocked: 'approval',
      reason: 'waits for approval by Bob and Eve',
    })
    expect(ask([decision('approve', 'Bob'), decision('approve', 'Mallory')])).toMatchObject({
      reason: 'waits for approval by 1 of Bob, Eve',
    })
    expect(ask([decision('approve', 'Bob'), decision('approve', 'Eve')])).toEqual({ go: true })
    expect(ask([decision('approve', 'Bob'), decision('refuse', 'Eve', 'not today')])).toMatchObject(
      {
        end: 'failed',
        reason: 'Eve refused it: not today',
      },
    )
    expect(ask([], at('2026-11-24T12:00:00Z'))).toMatchObject({
      end: 'failed',
      reason: 'it was not approved by 2026-11-24 12:00 UTC',
    })
    expect(
      ask([decision('approve', 'Bob'), decision('approve', 'Eve')], at('2026-11-30T12:00:00Z')),
    ).toEqual({
      go: true,
    })
  })

  test('cannot be removed by the change that needs it', () => {
    const both = rulesOf(file({}), file({ approve: 'Bob' }))
    expect(decidePermission({ ...situation, rules: both })).toMatchObject({ blocked: 'approval' })
    expect(rulesOf(file({ approve: 'Bob' }), file({ approve: 'Bob' })).approvals).toHaveLength(1)
    // A definition that was stored before approvals existed.
    expect(rulesOf({}, undefined)).toEqual({ freezes: [], approvals: [] })
  })

  test('is open to named users or operators, and never to an author', () => {
    const author = ['Ada', 'ada@example.com']
    const of = (name: string, isOperator: boolean, given = rules) =>
      mayDecide('approve', { name, isOperator }, { rules: given, author, hasKnownAuthor: true })
    expect(of('Bob', false)).toBeNull()
    expect(of('Mallory', true)).toMatch(/^Only .* can approve this$/)
    expect(of('ADA', true, rulesOf(file({ approve: {} })))).toContain('an author of this change')
    expect(of('Zoe', true, rulesOf(file({ approve: {} })))).toBeNull()
    expect(of('Zoe', false, rulesOf(file({ approve: {} })))).not.toBeNull()
    expect(
      mayDecide(
        'override',
        { name: 'Bob', isOperator: false },
        { rules, author, hasKnownAuthor: true },
      ),
    ).toContain('operator')
    expect(
      mayDecide(
        'override',
        { name: 'Ada', isOperator: true },
        { rules, author, hasKnownAuthor: true },
      ),
    ).toBeNull()
    expect(
      mayDecide(
        'refuse',
        { name: 'Bob', isOperator: false },
        { rules, author: ['Bob'], hasKnownAuthor: true },
      ),
    ).toBeNull()
  })

  test('is needed from two people when no user is known who pushed the change', () => {
    const one = rulesOf(file({ approve: ['Bob'] }))
    const ask = (...actors: string[]) =>
      decidePermission({
        ...situation,
        hasKnownAuthor: false,
        rules: one,
        decisions: actors.map((actor) => decision('approve', actor)),
      })
    const because = '; two people must approve it, because no user is known who pushed it'
    expect(ask()).toMatchObject({ reason: `waits for approval by Bob${because}` })
    expect(ask('Bob')).toMatchObject({
      blocked: 'approval',
      reason: `waits for approval by another operator${because}`,
    })
    expect(ask('Bob', 'bob')).toMatchObject({ blocked: 'approval' })
    expect(ask('Bob', 'Zoe')).toEqual({ go: true })
    expect(
      decidePermission({ ...situation, hasKnownAuthor: false, rules: rulesOf(file({})) }),
    ).toEqual({ go: true })
    const may = (name: string, isOperator: boolean, hasKnownAuthor: boolean) =>
      mayDecide('approve', { name, isOperator }, { rules: one, author: [], hasKnownAuthor })
    expect([may('Zoe', true, false), may('Bob', false, false)]).toEqual([null, null])
    expect([may('Zoe', false, false), may('Zoe', true, true)]).not.toContain(null)
  })
})
