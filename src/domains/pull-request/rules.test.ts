import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pipelineFile, type PullRequestsFile } from '#contract/pipeline-file/pipeline-file.ts'
import {
  type Action,
  decide,
  decideLeave,
  decideOrphans,
  decideSeen,
  type Situation,
  type Standing,
} from './rules.ts'

const day = 86_400_000
const now = 100 * day
const settings = (value: unknown): PullRequestsFile =>
  pipelineFile.parse({ pull_requests: value }).pull_requests
const on = settings({ preview: true })
const pull = (more: Partial<Standing> = {}): Standing => ({
  ...{
    number: 1,
    isOpen: true,
    isDraft: false,
    isFork: false,
    sha: 'a1',
    approved: null,
    since: now - day,
    active: now - day,
  },
  ...{ run: null, openRuns: [], hasPreview: false, hasHead: true },
  ...more,
})
const run = (id: number, sha = 'a1', isTrusted = true) => ({
  id,
  sha,
  isTrusted,
  created: now - day / 2,
})
const actions = (one: Standing, more: Partial<Situation> = {}): Action[] =>
  decide({ settings: on, isConfined: true, now, pulls: [one], ...more })

describe('a pull request', () => {
  test.each<[string, Standing, Action[]]>([
    ['that is new is begun', pull(), [{ kind: 'begin', number: 1, sha: 'a1', isTrusted: true }]],
    ['whose head is not known yet waits', pull({ sha: null }), []],
    ['whose head has run is left alone', pull({ run: run(5) }), []],
    ['whose head runs is left alone', pull({ run: run(5), openRuns: [5] }), []],
    [
      'with a newer head gives way to it',
      pull({ sha: 'b2', run: run(5), openRuns: [5] }),
      [
        { kind: 'cancel', number: 1, run: 5 },
        { kind: 'begin', number: 1, sha: 'b2', isTrusted: true },
      ],
    ],
    [
      'that was opened again is run again',
      pull({ run: { ...run(5), created: now - 2 * day } }),
      [{ kind: 'begin', number: 1, sha: 'a1', isTrusted: true }],
    ],
    [
      'of a stranger runs without secrets',
      pull({ isFork: true }),
      [{ kind: 'begin', number: 1, sha: 'a1', isTrusted: false }],
    ],
    [
      'of a stranger that was approved runs with them, after the run without',
      pull({ isFork: true, approved: 'a1', run: run(5, 'a1', false), openRuns: [5] }),
      [
        { kind: 'cancel', number: 1, run: 5 },
        { kind: 'begin', number: 1, sha: 'a1', isTrusted: true },
      ],
    ],
    [
      'whose approval was for an older head has none',
      pull({ isFork: true, approved: 'a0' }),
      [{ kind: 'begin', number: 1, sha: 'a1', isTrusted: false }],
    ],
    [
      'that is closed is cancelled first',
      pull({ isOpen: false, run: run(5), openRuns: [5], hasPreview: true }),
      [{ kind: 'cancel', number: 1, run: 5 }],
    ],
    [
      'that is closed loses its preview then',
      pull({ isOpen: false, run: run(5), hasPreview: true }),
      [{ kind: 'remove', number: 1, reason: 'the pull request is closed' }],
    ],
    [
      'that is closed loses its head last',
      pull({ isOpen: false, run: run(5) }),
      [{ kind: 'forget', number: 1 }],
    ],
    ['that is closed and gone needs nothing', pull({ isOpen: false, hasHead: false }), []],
    [
      'in which nothing happened for long loses its preview',
      pull({ run: run(5), hasPreview: true, active: now - 8 * day }),
      [{ kind: 'remove', number: 1, reason: 'nothing happened for 7 days' }],
    ],
    [
      'in which something happened keeps it',
      pull({ run: run(5), hasPreview: true, active: now - 6 * day }),
      [],
    ],
  ])('%s', (_, one, expected) => {
    expect(actions(one)).toEqual(expected)
  })

  test.each<[string, unknown, Partial<Standing>, boolean, ReturnType<typeof decideLeave>]>([
    [
      'a draft, where drafts are not run',
      { drafts: false },
      { isDraft: true },
      true,
      { run: false, reason: 'it is a draft', asksApproval: false },
    ],
    [
      'a stranger, where somebody is asked',
      { forks: 'ask' },
      { isFork: true },
      true,
      { run: false, reason: 'it waits for somebody to approve this commit', asksApproval: true },
    ],
    [
      'a stranger, where strangers are not run, though somebody approved it',
      { forks: 'never' },
      { isFork: true, approved: 'a1' },
      true,
      { run: false, reason: 'heads from other repositories are not run', asksApproval: false },
    ],
    [
      'a stranger, where nothing isolates',
      {},
      { isFork: true },
      false,
      {
        run: false,
        reason:
          'it waits for somebody to approve this commit, because nothing isolates steps on this machine',
        asksApproval: true,
      },
    ],
    [
      'one of the repository, where nothing isolates',
      {},
      {},
      false,
      { run: true, isTrusted: true },
    ],
    [
      'any, where they are switched off',
      false,
      {},
      true,
      {
        run: false,
        reason: 'pull requests are switched off in fairlead.yaml',
        asksApproval: false,
      },
    ],
  ])('%s', (_, file, more, isConfined, expected) => {
    expect(decideLeave(pull(more), settings(file), isConfined)).toEqual(expected)
  })
})

describe('whatever there is', () => {
  const shas = fc.constantFrom('a1', 'b2', 'c3')
  const time = fc.integer({ min: 60, max: 100 }).map((days) => days * day)
  const standing = fc
    .record({
      ...{
        number: fc.integer({ min: 1, max: 4 }),
        isOpen: fc.boolean(),
        isDraft: fc.boolean(),
        isFork: fc.boolean(),
      },
      ...{ sha: fc.option(shas), approved: fc.option(shas), since: time, active: time },
      runs: fc.array(
        fc.record({ sha: shas, isTrusted: fc.boolean(), created: time, isOpen: fc.boolean() }),
        {
          maxLength: 3,
        },
      ),
      ...{ hasPreview: fc.boolean(), hasHead: fc.boolean() },
    })
    .map(({ runs, ...one }) => {
      const numbered = runs.map((each, index) => ({ ...each, id: index + 1 }))
      const newest = numbered.at(-1)
      return {
        ...one,
        run: newest
          ? { id: newest.id, sha: newest.sha, isTrusted: newest.isTrusted, created: newest.created }
          : null,
        openRuns: numbered.filter(({ isOpen }) => isOpen).map(({ id }) => id),
      }
    })
  const file = fc.option(
    fc
      .record({
        ...{
          run: fc.boolean(),
          drafts: fc.boolean(),
          forks: fc.constantFrom('run', 'ask', 'never'),
        },
        preview: fc.oneof(fc.boolean(), fc.record({ lifetime: fc.constantFrom('1d', '30d') })),
      })
      .map(settings),
  )

  /** What an action makes of what there is, as its runner does it. */
  const apply = (one: Standing, action: Action): Standing => {
    if (action.kind === 'cancel')
      return { ...one, openRuns: one.openRuns.filter((id) => id !== action.run) }
    if (action.kind === 'remove') return { ...one, hasPreview: false }
    if (action.kind === 'forget') return { ...one, hasHead: false }
    const id = Math.max(0, one.run?.id ?? 0, ...one.openRuns) + 1
    const begun = { id, sha: action.sha, isTrusted: action.isTrusted, created: now }
    return { ...one, run: begun, openRuns: [...one.openRuns, id] }
  }

  test('comes to rest, with nothing left of what is not wanted, and nothing done that may not be', () => {
    fc.assert(
      fc.property(standing, file, fc.boolean(), (first, said, isConfined) => {
        let one: Standing = first
        const done: Action[] = []
        for (let round = 0; round < 6; round += 1) {
          const next = decide({ settings: said, isConfined, now, pulls: [one] })
          done.push(...next)
          for (const action of next) {
            // An environment is never taken away from under a run.
            if (action.kind === 'remove') expect(one.openRuns).toEqual([])
            one = apply(one, action)
          }
          if (next.length === 0) break
        }
        expect(decide({ settings: said, isConfined, now, pulls: [one] })).toEqual([])
        const isOff = said?.run === false
        if (!one.isOpen || isOff) expect([one.openRuns, one.hasPreview]).toEqual([[], false])
        if (!one.isOpen) expect(one.hasHead).toBe(false)
        // At most the newest run is under way, and it is of the head.
        if (one.openRuns.length > 0)
          expect([one.openRuns, one.sha]).toEqual([[one.run?.id], one.run?.sha ?? null])
        const begun = done.filter((action) => action.kind === 'begin')
        expect(begun.length).toBeLessThanOrEqual(1)
        for (const { sha, isTrusted } of begun) {
          expect(first.isOpen && said !== null && said.run && sha === first.sha).toBe(true)
          if (first.isFork && first.approved !== sha)
            expect([isTrusted, isConfined, said?.forks]).toEqual([false, true, 'run'])
        }
        // What is not known removes nothing of what is open, until its time is over.
        if (said === null && first.isOpen && now - first.active <= 7 * day)
          expect(one.hasPreview).toBe(first.hasPreview)
      }),
      { numRuns: 3000 },
    )
  })

  test('each pull request is decided by itself', () => {
    fc.assert(
      fc.property(fc.array(standing, { maxLength: 4 }), file, (all, said) => {
        const whole = decide({ settings: said, isConfined: true, now, pulls: all })
        expect(whole).toEqual(
          all.flatMap((one) => decide({ settings: said, isConfined: true, now, pulls: [one] })),
        )
      }),
    )
  })
})

test('only environments of pull requests are orphans, and only those that nobody knows', () => {
  const at = (environment: string) => ({ app: 'shop', environment })
  const onHost = [
    at('production'),
    at('pr-1'),
    at('pr-2'),
    at('pr-x'),
    { app: 'other', environment: 'pr-1' },
  ]
  expect(decideOrphans(onHost, [at('pr-1')])).toEqual([
    at('pr-2'),
    { app: 'other', environment: 'pr-1' },
  ])
})

test('what a forge says ends a pull request, and what it does not say does not', () => {
  expect(decideSeen({ state: 'open', base: 'main' }, 'main').state).toBe('open')
  expect(decideSeen({ state: 'merged', base: 'main' }, 'main')).toEqual({
    state: 'merged',
    reason: 'it was merged into main',
  })
  expect(decideSeen({ state: 'open', base: 'next' }, 'main')).toEqual({
    state: 'closed',
    reason: 'it is for next now, which is not delivered',
  })
  expect(decideSeen(null, 'main')).toEqual({
    state: 'closed',
    reason: 'the forge does not know it any more',
  })
})
