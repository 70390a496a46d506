import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pipelineFile, type PullRequestsFile } from '#contract/pipeline-file/pipeline-file.ts'
import {
  type Action,
  decide,
  decideRun,
  decideOrphans,
  decideState,
  type Situation,
  type Standing,
} from './rules.ts'

const day = 86_400_000
const now = 100 * day
const settingsOf = (value: unknown): PullRequestsFile =>
  pipelineFile.parse({ pull_requests: value }).pull_requests
const on = settingsOf({ preview: true })
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
    ['starts when it is new', pull(), [{ kind: 'start', number: 1, sha: 'a1', isTrusted: true }]],
    ['waits while its head is not fetched', pull({ sha: null }), []],
    ['whose head has run needs nothing', pull({ run: run(5) }), []],
    ['whose head is running needs nothing', pull({ run: run(5), openRuns: [5] }), []],
    [
      'with a newer head cancels the run of the older one',
      pull({ sha: 'b2', run: run(5), openRuns: [5] }),
      [
        { kind: 'cancel', number: 1, run: 5 },
        { kind: 'start', number: 1, sha: 'b2', isTrusted: true },
      ],
    ],
    [
      'runs again when it is reopened',
      pull({ run: { ...run(5), created: now - 2 * day } }),
      [{ kind: 'start', number: 1, sha: 'a1', isTrusted: true }],
    ],
    [
      'from a fork runs without secrets',
      pull({ isFork: true }),
      [{ kind: 'start', number: 1, sha: 'a1', isTrusted: false }],
    ],
    [
      'from a fork runs with secrets once approved, after the untrusted run is cancelled',
      pull({ isFork: true, approved: 'a1', run: run(5, 'a1', false), openRuns: [5] }),
      [
        { kind: 'cancel', number: 1, run: 5 },
        { kind: 'start', number: 1, sha: 'a1', isTrusted: true },
      ],
    ],
    [
      'runs without secrets when the approval was for an older head',
      pull({ isFork: true, approved: 'a0' }),
      [{ kind: 'start', number: 1, sha: 'a1', isTrusted: false }],
    ],
    [
      'first loses its run when it is closed',
      pull({ isOpen: false, run: run(5), openRuns: [5], hasPreview: true }),
      [{ kind: 'cancel', number: 1, run: 5 }],
    ],
    [
      'then loses its preview when it is closed',
      pull({ isOpen: false, run: run(5), hasPreview: true }),
      [{ kind: 'removePreview', number: 1, reason: 'the pull request was closed' }],
    ],
    [
      'loses its head last when it is closed',
      pull({ isOpen: false, run: run(5) }),
      [{ kind: 'deleteHead', number: 1 }],
    ],
    ['that is closed and cleaned up needs nothing', pull({ isOpen: false, hasHead: false }), []],
    [
      'loses its preview after a week without activity',
      pull({ run: run(5), hasPreview: true, active: now - 8 * day }),
      [{ kind: 'removePreview', number: 1, reason: 'there was no activity for 7 days' }],
    ],
    [
      'keeps its preview within a week of activity',
      pull({ run: run(5), hasPreview: true, active: now - 6 * day }),
      [],
    ],
  ])('%s', (_, one, expected) => {
    expect(actions(one)).toEqual(expected)
  })

  test.each<[string, unknown, Partial<Standing>, boolean, ReturnType<typeof decideRun>]>([
    [
      'a draft waits, where drafts do not run',
      { drafts: false },
      { isDraft: true },
      true,
      { run: false, reason: 'it is a draft', asksApproval: false },
    ],
    [
      'a fork waits for an approval, where forks ask',
      { forks: 'ask' },
      { isFork: true },
      true,
      { run: false, reason: 'this commit needs an approval to run', asksApproval: true },
    ],
    [
      'a fork never runs, where forks are excluded, even when approved',
      { forks: 'never' },
      { isFork: true, approved: 'a1' },
      true,
      { run: false, reason: 'pull requests from forks do not run', asksApproval: false },
    ],
    [
      'a fork waits for an approval, where steps are not isolated',
      {},
      { isFork: true },
      false,
      {
        run: false,
        reason:
          'this commit needs an approval to run, because steps are not isolated on this machine',
        asksApproval: true,
      },
    ],
    [
      'a branch of the repository runs, where steps are not isolated',
      {},
      {},
      false,
      { run: true, isTrusted: true },
    ],
    [
      'none runs when pull requests are disabled',
      false,
      {},
      true,
      {
        run: false,
        reason: 'pull requests are disabled in fairlead.yaml',
        asksApproval: false,
      },
    ],
  ])('%s', (_, file, more, isConfined, expected) => {
    expect(decideRun(pull(more), settingsOf(file), isConfined)).toEqual(expected)
  })
})

describe('in every situation', () => {
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
      .map(settingsOf),
  )

  /** The standing after an action. */
  const apply = (one: Standing, action: Action): Standing => {
    if (action.kind === 'cancel')
      return { ...one, openRuns: one.openRuns.filter((id) => id !== action.run) }
    if (action.kind === 'removePreview') return { ...one, hasPreview: false }
    if (action.kind === 'deleteHead') return { ...one, hasHead: false }
    const id = Math.max(0, one.run?.id ?? 0, ...one.openRuns) + 1
    const started = { id, sha: action.sha, isTrusted: action.isTrusted, created: now }
    return { ...one, run: started, openRuns: [...one.openRuns, id] }
  }

  test('the actions converge, remove everything unwanted, and start only what may run', () => {
    fc.assert(
      fc.property(standing, file, fc.boolean(), (first, settings, isConfined) => {
        let one: Standing = first
        const done: Action[] = []
        for (let round = 0; round < 6; round += 1) {
          const next = decide({ settings, isConfined, now, pulls: [one] })
          done.push(...next)
          for (const action of next) {
            // No environment is removed while a run may use it.
            if (action.kind === 'removePreview') expect(one.openRuns).toEqual([])
            one = apply(one, action)
          }
          if (next.length === 0) break
        }
        expect(decide({ settings, isConfined, now, pulls: [one] })).toEqual([])
        const isOff = settings?.run === false
        if (!one.isOpen || isOff) expect([one.openRuns, one.hasPreview]).toEqual([[], false])
        if (!one.isOpen) expect(one.hasHead).toBe(false)
        // At most the newest run is open, and it runs the head.
        if (one.openRuns.length > 0)
          expect([one.openRuns, one.sha]).toEqual([[one.run?.id], one.run?.sha ?? null])
        const started = done.filter((action) => action.kind === 'start')
        expect(started.length).toBeLessThanOrEqual(1)
        for (const { sha, isTrusted } of started) {
          expect(first.isOpen && settings !== null && settings.run && sha === first.sha).toBe(true)
          if (first.isFork && first.approved !== sha)
            expect([isTrusted, isConfined, settings?.forks]).toEqual([false, true, 'run'])
        }
        // Without settings, an open pull request keeps its preview for its lifetime.
        if (settings === null && first.isOpen && now - first.active <= 7 * day)
          expect(one.hasPreview).toBe(first.hasPreview)
      }),
      { numRuns: 3000 },
    )
  })

  test('the decision on a pull request does not depend on the others', () => {
    fc.assert(
      fc.property(fc.array(standing, { maxLength: 4 }), file, (all, settings) => {
        const whole = decide({ settings, isConfined: true, now, pulls: all })
        expect(whole).toEqual(
          all.flatMap((one) => decide({ settings, isConfined: true, now, pulls: [one] })),
        )
      }),
    )
  })
})

test('only preview environments that the database does not have are orphans', () => {
  const key = (environment: string) => ({ app: 'shop', environment })
  const onHost = [
    key('production'),
    key('pr-1'),
    key('pr-2'),
    key('pr-x'),
    { app: 'other', environment: 'pr-1' },
  ]
  expect(decideOrphans(onHost, [key('pr-1')])).toEqual([
    key('pr-2'),
    { app: 'other', environment: 'pr-1' },
  ])
})

test('only a report of the forge closes a pull request', () => {
  expect(decideState({ state: 'open', base: 'main' }, 'main').state).toBe('open')
  expect(decideState({ state: 'merged', base: 'main' }, 'main')).toEqual({
    state: 'merged',
    reason: 'it was merged into main',
  })
  expect(decideState({ state: 'open', base: 'next' }, 'main')).toEqual({
    state: 'closed',
    reason: 'its base is now next, which is not delivered',
  })
  expect(decideState(null, 'main')).toEqual({
    state: 'closed',
    reason: 'it no longer exists at the Git provider',
  })
})
