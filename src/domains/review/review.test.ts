import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Impact } from '#contract/incident/impact.ts'
import type { Incident } from '#contract/incident/incident.ts'
import {
  type ReviewSectionName,
  reviewSectionNames,
  reviewSections,
} from '#contract/review/review.ts'
import { sectionsOf } from './facts.ts'
import { escapeMarkdown } from '#platform/markdown.ts'
import { normalizeText, parseReview, renderReview } from './markdown.ts'
import { judgeAction } from './proof.ts'

const incident: Incident = {
  ...{ id: 3, app: 'shop', environment: 'production', service: 'web', title: 'Cards fail' },
  ...{ reason: '9 % fail', state: 'closed', severity: 'major', severityBy: null },
  ...{ openedBy: 'alert', opener: 'alert 1', deployment: 9, mergedInto: null, occurrence: 1 },
  onset: { from: '2026-11-29T10:00:00.000Z', until: '2026-11-29T10:00:05.000Z' },
  ...{ detected: '2026-11-29T10:00:46.000Z', acknowledged: null, declared: null },
  ...{ mitigated: '2026-11-29T10:05:00.000Z', mitigation: 'deployment 12 is a rollback' },
  ...{ over: '2026-11-29T10:06:00.000Z', proof: 'every monitor that fired is well again' },
  ...{ closed: '2026-11-29T11:06:00.000Z', closedBy: 'fairlead' },
  ...{ commander: 'Ada', communicator: null },
}
const alert = {
  ...{ id: 1, title: 'web fails requests', reason: '9 % fail', resolved: null },
  opened: incident.detected,
}
const impact: Impact = {
  ...{ from: '2026-11-29T10:00:00Z', until: '2026-11-29T10:06:00Z', unmeasuredMinutes: 0 },
  ...{ requests: { failed: 9, all: 100 }, routes: [], tenants: [], tenantCount: null },
  entities: [],
}
const detail = { ...incident, impact, alerts: [alert], changes: [], timeline: [] }
const factsOf = (name: ReviewSectionName, more: Partial<typeof detail> = {}): string[] =>
  sectionsOf({ ...detail, ...more }, {}).find((one) => one.name === name)?.facts ?? []

describe('what Fairlead writes of a review', () => {
  test('is how long it lasted, what detected it, and what stopped it', () => {
    expect(factsOf('summary')).toEqual([
      'Cards fail: 9 % fail.',
      'It was in shop/production/web, and its severity is major, as proposed.',
      'It began at 2026-11-29 10:00:00 UTC, and was over after 6 min 0 s: every monitor that ' +
        'fired is well again.',
    ])
    expect(factsOf('impact')).toEqual([
      '9 of 100 requests failed (9 %).',
      'web fails requests: 9 % fail.',
    ])
    expect(factsOf('detection')).toEqual([
      'The alert “web fails requests” detected it 46 s after the onset.',
    ])
    expect(factsOf('response')).toEqual([
      'Nobody acknowledged it.',
      'It was mitigated 5 min 0 s after the onset: deployment 12 is a rollback.',
      'Ada was commander.',
      'Fairlead told nobody about its alerts.',
    ])
  })

  test('says so when no alert detected it, and when it is not over', () => {
    const byPerson = { openedBy: 'person' as const, opener: 'Ada', alerts: [], over: null }
    expect(factsOf('detection', byPerson)).toEqual([
      'Ada reported it 46 s after the onset.',
      'No alert detected it.',
    ])
    expect(factsOf('customers', byPerson)).toEqual([
      'It began at 2026-11-29 10:00:00 UTC and is not over.',
    ])
  })

  test('names the confirmed cause, or the first suspects', () => {
    const suspect = {
      ...{ id: 1, place: 1, kind: 'delivery' as const, ref: '9', app: 'shop' },
      ...{ environment: 'production', text: 'delivery of abc', reason: '3 s before it' },
      ...{ time: incident.detected, confirmedBy: null as string | null },
    }
    expect(factsOf('changes', { changes: [suspect] as never })).toEqual([
      'Suspect 1, which nobody confirmed: delivery of abc (3 s before it).',
    ])
    expect(factsOf('changes', { changes: [{ ...suspect, confirmedBy: 'Ada' }] as never })).toEqual([
      'The cause, says Ada: delivery of abc.',
    ])
  })
})

const rendered = (sections: Partial<Record<ReviewSectionName, string>>, title = 'Cards fail') =>
  renderReview({
    ...{ incident: 3, app: 'shop', environment: 'production', service: 'web', title },
    ...{ severity: 'major', state: 'closed', detected: incident.detected, version: 4 },
    ...{ begun: incident.detected, begunBy: 'fairlead', edited: null, editedBy: null },
    ...{ audience: 'draft', published: null, publishedBy: null, outside: null },
    actions: { total: 0, proven: 0, overdue: 0 },
    actionList: [],
    timeline: [
      {
        ...{ time: incident.detected, kind: 'note', tone: 'fact', actor: 'Ada', page: null },
        text: '## Summary\n<!-- Write below this line. -->',
      },
    ],
    sections: sectionsOf(detail, sections),
  })

/** Lines that look like parts of the form itself, among any others. */
const line = fc.oneof(
  fc.string(),
  fc.constantFrom(
    ...reviewSectionNames.map((name) => `## ${reviewSections[name].title}`),
    ...['\\## Summary', '\\\\## Luck', '## Actions', '## Timeline', '> a', '- b', '', '\r\n'],
    ...['<!-- Write below this line. -->', '<!-- Fairlead: review of incident 9, version 9 -->'],
  ),
)
const text = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n'))

describe('a review as Markdown', () => {
  test('has the texts of people unchanged, whatever they wrote', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...reviewSectionNames), text), (texts) => {
        const stored = Object.fromEntries(
          reviewSectionNames.map((name) => [name, normalizeText(texts[name] ?? '')]),
        )
        expect(parseReview(rendered(stored))).toEqual({
          ...{ incident: 3, version: 4, sections: stored },
        })
      }),
    )
  })

  test('may be written by hand, in part', () => {
    expect(parseReview('# My review\n## Luck\r\nIt was Monday.\n\n### When\n9:00\n')).toEqual({
      ...{ incident: null, version: null },
      sections: { luck: 'It was Monday.\n\n### When\n9:00' },
    })
    expect(parseReview('no heading').sections).toEqual({})
  })

  test('shows what others wrote as text', () => {
    const hostile = '<script>alert(1)</script> [a](javascript:x) `b` **c**\n# d'
    expect(escapeMarkdown(hostile)).toBe(
      '\\<script\\>alert\\(1\\)\\</script\\> \\[a\\]\\(javascript:x\\) \\`b\\` \\*\\*c\\*\\* \\# d',
    )
    const markdown = rendered({}, hostile)
    expect(markdown).not.toContain('<script>')
    expect(markdown.match(/^## Summary$/gm)).toHaveLength(1)
  })
})

describe('an action', () => {
  const proof = { kind: 'test', name: 'recharges once' } as const
  const [early, late] = ['2026-11-29T10:00:00.000Z', '2026-11-30T10:00:00.000Z']
  const passes = { outcome: 'passes', time: late } as const
  const fails = { outcome: 'fails', time: late } as const

  test.each([
    ['is proven by what failed and passes', null, early, passes, 'proven', early],
    ['stays proven when the data of the failure is removed', early, null, passes, 'proven', early],
    ['is open while its proof fails', null, null, fails, 'open', late],
    ['is not proven by what never failed', null, null, passes, 'open', null],
    ['is unknown without data', early, null, null, 'unknown', early],
    [
      'is unknown when the result is',
      null,
      early,
      { outcome: 'unknown', time: late } as const,
      'unknown',
      early,
    ],
  ])('%s', (_, before, failed, now, state, kept) => {
    const judged = judgeAction(proof, { state: 'open', failed: before }, { failed, now })
    expect(judged).toMatchObject({ state, failed: kept })
  })

  test.each([
    [{ outcome: 'unknown', time: late } as const, 'the result of the test recharges once has been'],
    [null, 'there is no result of the test recharges once'],
  ])('stays proven without data', (now, gap) => {
    const proven = { state: 'proven', failed: early } as const
    const since = now === null ? '' : ' unknown since 2026-11-30 10:00:00 UTC'
    expect(judgeAction(proof, proven, { failed: null, now })).toEqual({
      ...{ ...proven, reason: `it failed, and passed later; ${gap}${since}` },
    })
  })

  test('is never proven unless its proof passes now and has failed', () => {
    const time = fc.option(fc.constantFrom(early, late))
    const outcome = fc.constantFrom('passes' as const, 'fails' as const, 'unknown' as const)
    fc.assert(
      fc.property(time, time, fc.option(outcome), (before, failed, how) => {
        const now = how === null ? null : { outcome: how, time: late }
        const { state } = judgeAction(proof, { state: 'open', failed: before }, { failed, now })
        expect(state === 'proven').toBe(how === 'passes' && (before ?? failed) !== null)
      }),
    )
  })
})
