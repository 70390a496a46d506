import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ForgeKind } from '#contract/forge/forge.ts'
import type { Caller } from '#contract/handler.ts'
import { createForgeClients } from '#domains/forge/registry.ts'
import { putForge } from '#domains/forge/store.ts'
import { readEvents } from '#engine/events.ts'
import { incidentHandlers } from '#flows/incident/handlers.ts'
import { reviewActionHandlers } from '#flows/review/action-handlers.ts'
import { reviewHandlers } from '#flows/review/handlers.ts'
import { reviewIssueHandlers } from '#flows/review/issue-handlers.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { appsWithDueIssues, listDueIssues } from '#views/review-issue.ts'
import { setOpen } from '../../../test/support/forge-issues.ts'
import { type ForgeServer, startForge } from '../../../test/support/forge-server.ts'
import { storeLiveRelease } from '../../../test/support/live-release.ts'
import { isLong } from '../../../test/support/scale.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { syncIssue } from './issues.ts'

const token = 'the-token-of-the-forge'
const minute = 60_000
let db: Database
let close: () => Promise<void>
let forge: ForgeServer
let now = Date.parse('2026-11-30T10:00:00Z')

beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await storeLiveRelease(db, 'production', { services: { web: 'x' } })
})
afterAll(() => close())
beforeEach(async () => {
  now = Date.parse('2026-11-30T10:00:00Z')
  forge = await startForge(token)
  await db.query(sql`truncate incident, review_issue, forge cascade`)
})
afterEach(() => forge.stop())

const ada: Caller = {
  ...{ name: 'Ada', email: null, user: 1, session: null, isLimited: false },
  ...{ role: 'developer', apps: {}, by: { credential: 'session', address: null } },
}
const { signal } = new AbortController()
const handlers = () => ({
  ...incidentHandlers({ db, now: () => now, getApp: async (app) => app }),
  ...reviewHandlers({ db, now: () => now }),
  ...reviewActionHandlers({ db, now: () => now }),
  ...reviewIssueHandlers({ db, now: () => now }),
})
const call = <N extends keyof ReturnType<typeof handlers>>(name: N, input: object) =>
  (handlers()[name] as (...args: unknown[]) => unknown)(
    { params: {}, query: { limit: 50 }, body: {}, ...input },
    ada,
    signal,
  ) as ReturnType<ReturnType<typeof handlers>[N]>

const connect = (kind: ForgeKind) =>
  db.batch(
    putForge({
      ...{ app: 'shop', kind, url: forge.url, appId: null, token: 'sealed' },
      repository: 'acme/shop',
    }),
  )
const proof = { kind: 'test', name: '<b>@all</b> once' } as const
const reviewed = async () => {
  const body = { title: 'Cards fail', environment: 'production' }
  const { id: incident } = await call('openIncident', { params: { app: 'shop' }, body })
  await call('createReview', { params: { incident } })
  const planned = { title: 'Test it', due: '2026-12-01', proof }
  const { actionList } = await call('createReviewAction', { params: { incident }, body: planned })
  return { incident, action: actionList[0]!.id }
}
const issueOf = async (params: { incident: number }) =>
  (await call('getReview', { params })).actionList[0]?.issue
/** What a background job finds out about the proof. */
const judge = (state: 'open' | 'proven', reason: string) =>
  db.query(sql`update review_action set state = ${state}, reason = ${reason},
    since = ${new Date(now).toISOString()}::timestamptz`)

/** Requests that are still sent before the process dies, after the answer to the last of them. */
let left = Infinity
const dying: typeof fetch = async (input, init) => {
  const answer = await fetch(input, init)
  await answer.clone().text()
  left -= 1
  if (left < 0) throw new Error('the process died')
  return answer
}
const sync = async (kind: ForgeKind): Promise<void> => {
  const times = { now, interval: 5 * minute }
  for (let round = 0; round < 3; round += 1) {
    if ((await appsWithDueIssues(db, times)).length === 0) return
    const place = { kind, url: forge.url, repository: 'acme/shop' }
    const client = await createForgeClients()(kind, { ...place, appId: null, token, fetch: dying })
    for (const one of await listDueIssues(db, { ...times, app: 'shop', limit: 5 }))
      await syncIssue({ db, publicUrl: 'https://f.test', now: () => now }, place, client, one)
  }
}
/** The same, with a death after the answer to each request in turn. */
const syncAndDie = async (kind: ForgeKind): Promise<number> => {
  for (let deaths = 0; ; deaths += 1) {
    left = deaths
    const hasDied = await sync(kind).then(
      () => false,
      (error: Error) =>
        `${error.message} ${String(error.cause)}`.includes('died') ? true : Promise.reject(error),
    )
    left = Infinity
    if (!hasDied) return deaths
  }
}

const kinds = ['github', 'gitlab', 'gitea', 'forgejo'] as const
test.each(isLong ? kinds : kinds.slice(0, 1))(
  'an issue of %s follows its action, and dies at any request without a repetition',
  async (kind) => {
    await connect(kind)
    const params = await reviewed()
    await call('createReviewIssue', { params })
    await expect(call('createReviewIssue', { params })).rejects.toThrow('already exists')
    expect(await issueOf(params)).toEqual({ number: null, url: null, problem: null })
    expect(await syncAndDie(kind)).toBeGreaterThan(1)
    const issue = forge.issues[0]!
    expect(await issueOf(params)).toMatchObject({ number: 1, url: expect.stringMatching(/^https/) })
    expect(issue).toMatchObject({ title: 'Test it', labels: ['fairlead'], isOpen: true })
    expect(issue.body).toContain(`https://f.test/incidents/${params.incident}/review`)
    expect(issue.body).toContain('\\<b\\>@\u200Ball')

    // A person closes it, which does not close the action.
    setOpen(issue, false)
    await sync(kind)
    expect(issue.isOpen).toBe(false)
    now += 6 * minute
    await syncAndDie(kind)
    expect(issue.isOpen).toBe(true)
    expect(issue.comments).toEqual([expect.stringContaining('only its proof closes the action')])

    now += 2 * 24 * 60 * minute
    await syncAndDie(kind)
    await call('changeReviewAction', { params, body: { title: 'Test both' } })
    await syncAndDie(kind)
    expect(issue).toMatchObject({ title: 'Test both', labels: ['fairlead', 'overdue'] })
    expect(issue.comments[1]).toContain('The last day of the action was 2026-12-01')

    await judge('proven', 'it passes')
    await syncAndDie(kind)
    expect(issue).toMatchObject({ isOpen: false, labels: ['fairlead'] })
    // Now it is the issue of the people.
    setOpen(issue, true)
    now += 6 * minute
    await sync(kind)
    expect(issue.isOpen).toBe(true)
    setOpen(issue, false)
    await judge('open', 'it fails')
    await syncAndDie(kind)
    expect(issue).toMatchObject({ isOpen: true, labels: ['fairlead', 'overdue'] })
    await call('deleteReviewAction', { params, body: { reason: 'the job is gone' } })
    await syncAndDie(kind)
    expect(issue.isOpen).toBe(false)
    expect(issue.comments.map((text) => text.split(/[.:]/)[0])).toEqual([
      'Fairlead opened the issue again',
      ...['The last day of the action was 2026-12-01', 'The action is proven'],
      'The action is not proven any more',
      'The action was removed from its review',
    ])
    expect(forge.issues).toHaveLength(1)
    expect(await db.query(sql`select from review_issue`)).toEqual([])
    const events = await readEvents(db, { subject: `review/${params.incident}`, limit: 50 })
    const told = events.flatMap(({ type }) => type.match(/issue\w+/)?.[0] ?? [])
    expect(told.toReversed()).toEqual(['issuerequested', 'issuecreated', 'issuereopened'])
  },
)

test('an issue needs a Git provider that has issues', async () => {
  const params = await reviewed()
  const ask = () => call('createReviewIssue', { params })
  await expect(ask()).rejects.toThrow('shop is not connected to a Git provider')
  await connect('bitbucket')
  await expect(ask()).rejects.toThrow('Fairlead does not create issues at Bitbucket')
  await connect('gitea')
  await ask()
  await db.query(sql`delete from review`)
  await sync('gitea')
  expect([forge.issues, await db.query(sql`select from review_issue`)]).toEqual([[], []])
})

test('an issue that is deleted is said, and another Git provider gets a new one', async () => {
  await connect('gitea')
  const params = await reviewed()
  await call('createReviewIssue', { params })
  await sync('gitea')
  const [issue] = forge.issues.splice(0)
  now += 6 * minute
  await sync('gitea')
  expect(await issueOf(params)).toMatchObject({ problem: 'there is no issue 1 any more' })
  const asked = forge.asked.length
  await sync('gitea')
  expect(forge.asked).toHaveLength(asked)
  forge.issues.push(issue!)
  now += 6 * minute
  await sync('gitea')
  expect(await issueOf(params)).toMatchObject({ number: 1, problem: null })
  forge.issues.splice(0)
  await connect('github')
  await sync('github')
  expect(forge.issues).toMatchObject([{ number: 1, title: 'Test it' }])
})
