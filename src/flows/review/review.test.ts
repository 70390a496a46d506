import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Caller } from '#contract/handler.ts'
import { reviewEndpoints } from '#contract/review/endpoints.ts'
import { type ActionProof, reviewSectionNames } from '#contract/review/review.ts'
import { judge } from '#domains/review/store.ts'
import { readEvents } from '#engine/events.ts'
import { incidentHandlers } from '#flows/incident/handlers.ts'
import { reconcileIncidents } from '#flows/incident/reconcile.ts'
import { reconcileAlerts } from '#flows/monitoring/alerts.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { overdueActions } from '#views/review.ts'
import { storeLiveRelease } from '../../../test/support/live-release.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { reviewActionHandlers } from './action-handlers.ts'
import { reviewHandlers } from './handlers.ts'
import { reconcileReviews } from './reconcile.ts'

let db: Database
let close: () => Promise<void>
/** milliseconds that the clock of the server is ahead */
let ahead = 0
const now = (): number => Date.now() + ahead

beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await storeLiveRelease(db, 'production', { services: { web: 'x' } })
  await db.query(sql`insert into "user" (name, role) values ('Eve', 'developer')`)
})
afterAll(() => close())
beforeEach(async () => {
  ahead = 0
  await db.query(sql`truncate monitor, alert, incident, pipeline_run cascade`)
})

const ada: Caller = {
  ...{ name: 'Ada', email: null, user: 1, session: null, isLimited: false },
  ...{ role: 'developer', apps: {}, by: { credential: 'session', address: null } },
}
const viewer: Caller = { ...ada, name: 'Vic', role: 'viewer' }
const { signal } = new AbortController()
const handlers = () => ({
  ...incidentHandlers({ db, now, getApp: async (app) => app }),
  ...reviewHandlers({ db, now }),
  ...reviewActionHandlers({ db, now }),
})
const call = <N extends keyof ReturnType<typeof handlers>>(name: N, input: object, caller = ada) =>
  (handlers()[name] as (...args: unknown[]) => unknown)(
    { params: {}, query: { limit: 50 }, body: {}, ...input },
    caller,
    signal,
  ) as ReturnType<ReturnType<typeof handlers>[N]>

const runOnce = async (): Promise<void> => {
  await reconcileAlerts({
    ...{ db, now, onNotification: () => undefined },
    findSuspects: async () => [],
    readMachine: async () => [],
  })
  await reconcileIncidents({ db, now })
  await reconcileReviews({ db, now })
}
const fire = (kind: string, isFiring = true) =>
  db.batch([
    sql`update monitor set firing = ${isFiring} where kind = ${kind}`,
    sql`insert into monitor (app, environment, service, kind, name, state, firing, reason)
      select 'shop', 'production', 'web', ${kind}, ${kind}, 'down', ${isFiring}, '9 % fail'
      where not exists (select from monitor where kind = ${kind})`,
  ])
const openIncident = async (): Promise<number> => {
  const body = { title: 'Cards fail', environment: 'production' }
  return (await call('openIncident', { params: { app: 'shop' }, body })).id
}
const types = async (id: number) =>
  (await readEvents(db, { subject: `review/${id}`, limit: 50 }))
    .map(({ type }) => type.replace(/.*review\./, ''))
    .toReversed()

test('an incident that closes begins its review, and the next of its kind shows it', async () => {
  await fire('errors')
  await runOnce()
  const [first] = (await call('listIncidents', {})).incidents
  const params = { incident: first!.id }
  expect((await call('getIncident', { params })).hasReview).toBe(false)
  await fire('errors', false)
  await runOnce()
  ahead = 3_601_000
  await runOnce()
  await runOnce()
  const review = await call('getReview', { params })
  expect(review).toMatchObject({ begunBy: 'fairlead', audience: 'draft', version: 1 })
  expect(review.sections.find(({ name }) => name === 'detection')?.facts).toEqual([
    expect.stringMatching(/^The alert “web in production of shop fails requests” detected it/),
  ])
  expect(review.timeline.length).toBeGreaterThan(1)
  expect(await types(first!.id)).toEqual(['created'])
  // The alerts are removed before the review is.
  ahead = 8_000_000
  await db.query(sql`truncate alert cascade`)
  await fire('errors')
  await runOnce()
  const [second] = (await call('listIncidents', { query: { state: 'unclosed', limit: 1 } }))
    .incidents
  expect(second?.id).not.toBe(first?.id)
  const later = { params: { incident: second!.id } }
  expect((await call('getIncident', later)).earlier).toEqual([
    {
      ...{ incident: first!.id, audience: 'draft', unproven: 0 },
      ...{ title: first!.title, detected: first!.detected },
    },
  ])
  expect((await call('getIncident', later, viewer)).earlier).toEqual([])
})

test('people change sections by version, and publish inside and outside', async () => {
  const incident = await openIncident()
  const params = { incident }
  await expect(call('getReview', { params })).rejects.toThrow(
    `There is no review of the incident ${incident}`,
  )
  const both = await Promise.allSettled([1, 2].map(() => call('createReview', { params })))
  const refused = both.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))
  expect(refused).toEqual([expect.stringContaining('already exists')])
  const begun = await call('getReview', { params })
  await expect(call('getReview', { params }, viewer)).rejects.toThrow('There is no review')
  expect((await call('listReviews', {}, viewer)).reviews).toEqual([])

  const luck = { version: 1, sections: { luck: 'It was\r\nMonday.\n' } }
  await call('changeReview', { params, body: luck })
  await expect(call('changeReview', { params, body: luck })).rejects.toThrow(
    `The review of incident ${incident} was changed meanwhile, and its version is 2`,
  )
  const outside = { version: 2, audience: 'outside' as const }
  await expect(call('publishReview', { params, body: outside })).rejects.toThrow('is empty')
  // The Markdown names the version that it is based on.
  const stale = call('changeReview', { params, body: { markdown: begun.markdown } })
  await expect(stale).rejects.toThrow('was changed meanwhile')
  const { markdown } = await call('getReview', { params })
  const hostile = '<script>alert(1)</script> \0 [a](javascript:x)'
  const edited = `${markdown.split('## Actions')[0]?.split('## Timeline')[0]}${hostile}\n`
  const changed = await call('changeReview', { params, body: { markdown: edited } })
  const textOf = (name: string) => changed.sections.find((one) => one.name === name)?.text
  expect(textOf('luck')).toBe('It was\nMonday.')
  expect(textOf('customers')).toBe(hostile.replace('\0', '\uFFFD'))
  for (const [body, problem] of [
    [{ markdown: 'x', version: 3 }, 'has no section of a review'],
    [{ markdown: '## Luck\nx' }, 'body.version: is needed'],
    [{ markdown: markdown.replace(/incident \d+/, 'incident 999') }, 'is the review of incident 9'],
    [{ markdown: `## Luck\n${'x'.repeat(20_001)}`, version: 3 }, 'at most 20,000 characters'],
  ] as const)
    await expect(call('changeReview', { params, body })).rejects.toThrow(problem)

  await call('publishReview', { params, body: { version: 3, audience: 'outside' } })
  const read = await call('getReview', { params }, viewer)
  expect(read.outside).toContain(hostile.slice(0, 20))
  expect(read.outside).not.toContain('Monday')
  expect((await call('listReviews', {}, viewer)).reviews).toMatchObject([
    { incident, audience: 'outside', publishedBy: 'Ada', version: 4 },
  ])
  const draft = await call('publishReview', { params, body: { version: 4, audience: 'draft' } })
  expect(draft).toMatchObject({ outside: null, published: null, version: 5 })
  expect(await types(incident)).toEqual([
    ...['created', 'changed', 'changed', 'published', 'published'],
  ])
})

/** Stores an ended run of the branch or of a pull request, with one result of a test and a gate. */
const run = (id: number, outcome: 'passed' | 'failed', pull: number | null = null) => {
  const gates = JSON.stringify([{ name: 'coverage', state: outcome }])
  return db.batch([
    sql`insert into pipeline_run (id, app, sha, state, ended, pull_request) values (${id}, 'shop',
      ${'a'.repeat(40)}, ${outcome === 'passed' ? 'succeeded' : 'failed'}, now(), ${pull}::int)`,
    sql`insert into step (run, name, position, command, needs, state, attempt)
      values (${id}, 'unit', 0, 'x', '[]', ${outcome}, 1)`,
    sql`insert into test (app, suite, name) values ('shop', 'cards', 'once')
      on conflict do nothing`,
    sql`insert into test_result (run, step, attempt, number, test, outcome)
      select ${id}, 'unit', 1, 0, id, ${outcome} from test where name = 'once'`,
    sql`insert into summary (run, app, numbers, gates) values (${id}, 'shop', '{}',
      ${gates}::json)`,
  ])
}
const reviewed = async (proof: ActionProof) => {
  const incident = await openIncident()
  const params = { incident }
  await call('createReview', { params })
  const body = { title: 'Test it', due: '2020-01-01', proof }
  const [action] = (await call('createReviewAction', { params, body })).actionList
  return { incident, params, action: action!.id }
}
const stateOf = async (params: { incident: number }) => {
  await reconcileReviews({ db, now })
  return (await call('getReview', { params })).actionList[0]
}

test.each([
  { kind: 'test', name: 'cards › once' },
  { kind: 'test', name: 'once' },
  { kind: 'step', name: 'unit' },
  { kind: 'gate', name: 'coverage' },
] as const)('only a pass of the branch after a failure proves an action: %o', async (proof) => {
  const { incident, params } = await reviewed(proof)
  expect(await stateOf(params)).toMatchObject({ state: 'unknown', failed: null })
  await run(1, 'passed')
  expect(await stateOf(params)).toMatchObject({
    ...{ state: 'open', reason: expect.stringContaining('has not failed') },
  })
  await run(2, 'failed', 7)
  // Only the pull request has the failure; the branch passes, as before.
  expect(await stateOf(params)).toMatchObject({ state: 'proven' })
  await run(3, 'failed')
  expect(await stateOf(params)).toMatchObject({ state: 'open' })
  await run(4, 'passed')
  expect(await stateOf(params)).toMatchObject({ state: 'proven', isOverdue: false })
  // A newer run has succeeded without it.
  await db.query(sql`insert into pipeline_run (id, app, sha, state, ended)
    values (5, 'shop', ${'a'.repeat(40)}, 'succeeded', '2026-11-30T10:00:00Z')`)
  const gap = expect.stringContaining('has been unknown since 2026-11-30 10:00:00 UTC')
  expect(await stateOf(params)).toMatchObject({ state: 'proven', reason: gap })
  await db.query(sql`truncate pipeline_run cascade`)
  const gone = expect.stringContaining('it failed, and passed later; there is no result')
  expect(await stateOf(params)).toMatchObject({ state: 'proven', reason: gone })
  await run(6, 'failed')
  expect(await stateOf(params)).toMatchObject({ state: 'open' })
  const happened = ['actionproven', 'actionreopened', 'actionproven', 'actionreopened']
  expect(await types(incident)).toEqual(['created', 'actionadded', ...happened])
})

test('a monitor and a rehearsal prove actions', async () => {
  const place = { environment: 'production' }
  const { params } = await reviewed({ ...place, kind: 'monitor', name: 'errors' })
  expect(await stateOf(params)).toMatchObject({ state: 'unknown' })
  await fire('errors')
  expect(await stateOf(params)).toMatchObject({ state: 'open' })
  await db.query(sql`update monitor set state = 'up', since = now()`)
  expect(await stateOf(params)).toMatchObject({ state: 'proven' })
  for (const state of ['unknown', 'maintenance']) {
    await db.query(sql`update monitor set state = ${state}, since = '2026-11-30T10:00:00Z'`)
    expect(await stateOf(params)).toMatchObject({
      state: 'proven',
      reason:
        'it failed, and passed later; the result of the monitor errors in production has ' +
        'been unknown since 2026-11-30 10:00:00 UTC',
    })
  }
  await db.query(sql`update monitor set state = 'down', since = now()`)
  expect(await stateOf(params)).toMatchObject({ state: 'open' })

  const [action] = (await call('getReview', { params })).actionList
  const rehearse = (state: string) =>
    db.query(sql`insert into rehearsal (app, environment, service, release, cause, actor, state,
      report) values ('shop', 'production', 'web', 1, 'request', 'Ada', ${state}, '{}')`)
  await call('changeReviewAction', {
    params: { ...params, action: action!.id },
    body: { proof: { ...place, kind: 'rehearsal', service: 'web' } },
  })
  await rehearse('fails')
  expect(await stateOf(params)).toMatchObject({ state: 'open', failed: expect.any(String) })
  await rehearse('returns')
  expect(await stateOf(params)).toMatchObject({ state: 'proven' })
  await db.query(
    sql`update rehearsal set ended = now() - interval '9 days' where state = 'returns'`,
  )
  expect(await stateOf(params)).toMatchObject({
    ...{ state: 'proven', reason: expect.stringContaining('has been unknown since ') },
  })
})

test('experiments and the check of the drift prove actions', async () => {
  const place = { environment: 'production' }
  const { params, action } = await reviewed({ ...place, kind: 'experiment', name: 'slow-cards' })
  expect(await stateOf(params)).toMatchObject({ state: 'unknown' })
  const experiment = (state: string) =>
    db.query(sql`insert into experiment_run
        (app, environment, name, plan, release, trigger, actor, state, ended)
      values ('shop', 'production', 'slow-cards', '{}', 1, 'request', 'Ada', ${state}, now())`)
  await experiment('passed')
  expect(await stateOf(params)).toMatchObject({ state: 'open', failed: null })
  await experiment('failed')
  expect(await stateOf(params)).toMatchObject({ state: 'open', failed: expect.any(String) })
  await experiment('passed')
  await experiment('aborted')
  expect(await stateOf(params)).toMatchObject({
    ...{
      state: 'proven',
      reason: expect.stringMatching(/^the experiment slow-cards in production/),
    },
  })
  await experiment('failed')
  expect(await stateOf(params)).toMatchObject({ state: 'open' })
  await db.query(sql`update experiment_run set ended = now() - interval '91 days'`)
  expect(await stateOf(params)).toMatchObject({ state: 'unknown' })

  const proof = { ...place, kind: 'drift' as const }
  await call('changeReviewAction', { params: { ...params, action }, body: { proof } })
  const check = (total: number) =>
    db.batch([
      sql`insert into drift_check (app, environment, release, checked, total, files, processes, ms)
        values ('shop', 'production', 1, now(), ${total}, 9, 1, 1)
        on conflict (app, environment) do update set total = excluded.total`,
      total === 0
        ? sql`update drift set resolved = now()`
        : sql`insert into drift (app, environment, release, kind, name, is_secret, at_restart,
            remedy, since) values ('shop', 'production', 1, 'file', 'a', false, false, 'rewrite',
            now() - interval '1 year')`,
    ])
  await check(0)
  expect(await stateOf(params)).toMatchObject({ state: 'open', failed: null })
  await check(1)
  expect(await stateOf(params)).toMatchObject({ state: 'open', failed: expect.any(String) })
  await check(0)
  expect(await stateOf(params)).toMatchObject({ state: 'proven' })
  await db.query(sql`update drift_check set checked = now() - interval '25 hours'`)
  expect(await stateOf(params)).toMatchObject({
    ...{ state: 'proven', reason: expect.stringContaining('has been unknown since ') },
  })
})

test('a judgement of a proof that was replaced meanwhile is not stored', async () => {
  const { params, action } = await reviewed({ kind: 'step', name: 'unit' })
  const judgement = { state: 'proven' as const, reason: 'x', failed: null }
  const replaced = { kind: 'step' as const, name: 'lint' }
  await expect(
    db.batch([judge({ id: action, proof: replaced, state: 'unknown' }, judgement, now())]),
  ).rejects.toThrow('division by zero')
  expect(await stateOf(params)).toMatchObject({ state: 'unknown' })
})

test('an action has an owner, who sees it when it is overdue', async () => {
  const { incident, params, action } = await reviewed({ kind: 'step', name: 'unit' })
  const ofAction = { ...params, action }
  const overdue = (owner: string) =>
    overdueActions(db, { apps: ['shop'], owner, today: '2026-11-30' })
  expect(await overdue('ada')).toMatchObject([
    { kind: 'action_overdue', app: 'shop', incident, title: 'Test it', since: expect.any(String) },
  ])
  expect((await call('listReviews', {})).reviews[0]?.actions).toEqual({
    ...{ total: 1, proven: 0, overdue: 1 },
  })
  const noUser = { owner: 'Mallory' }
  await expect(call('changeReviewAction', { params: ofAction, body: noUser })).rejects.toThrow(
    'There is no user Mallory',
  )
  const changed = await call('changeReviewAction', { params: ofAction, body: { owner: 'eve' } })
  expect(changed.actionList).toMatchObject([{ owner: 'Eve', title: 'Test it' }])
  expect(await overdue('Ada')).toEqual([])
  await call('changeReviewAction', { params: ofAction, body: { due: '2999-01-01' } })
  expect(await overdue('Eve')).toEqual([])
  const gone = await call('deleteReviewAction', { params: ofAction, body: { reason: 'moved' } })
  expect(gone.actionList).toEqual([])
  await expect(
    call('deleteReviewAction', { params: ofAction, body: { reason: 'moved' } }),
  ).rejects.toThrow('There is no action')
  expect(await types(incident)).toEqual([
    ...['created', 'actionadded', 'actionchanged', 'actionchanged', 'actionremoved'],
  ])
})

test('only new results are searched for the first failure of a proof', async () => {
  const { params, action } = await reviewed({ kind: 'step', name: 'unit' })
  await db.query(sql`update incident set detected = now() - interval '2 days'`)
  ahead = 7_200_000
  expect(await stateOf(params)).toMatchObject({ state: 'unknown' })
  // These ended more than an hour before the last search, which would have found them.
  await run(1, 'failed')
  await run(2, 'passed')
  expect(await stateOf(params)).toMatchObject({ state: 'open', failed: null })
  await db.query(sql`update pipeline_run set ended = now() + interval '2 hours' where id = 1`)
  expect(await stateOf(params)).toMatchObject({ state: 'proven', failed: expect.any(String) })
  // Another proof begins anew.
  await db.query(sql`update pipeline_run set ended = now() where id = 1`)
  const proof = { kind: 'gate', name: 'coverage' } as const
  await call('changeReviewAction', { params: { ...params, action }, body: { proof } })
  expect(await stateOf(params)).toMatchObject({ state: 'proven' })
})

test('a death before or after any transaction loses nothing and repeats nothing', async () => {
  await fire('errors')
  await runOnce()
  const [first] = (await call('listIncidents', {})).incidents
  const params = { incident: first!.id }
  await fire('errors', false)
  ahead = 3_601_000
  await reconcileAlerts({
    ...{ db, now, onNotification: () => undefined },
    findSuspects: async () => [],
    readMachine: async () => [],
  })
  await reconcileIncidents({ db, now })
  ahead = 7_300_000
  await reconcileIncidents({ db, now })
  /** The number of transactions until nothing is left to do; each dies before and after it. */
  const reconcileAndDie = async (): Promise<void> => {
    for (let deaths = 0, isDone = false; !isDone; deaths += 1) {
      let left = Math.floor(deaths / 2)
      const dying: Database = {
        ...db,
        query: (statement) => db.query(statement),
        batch: async (statements) => {
          left -= 1
          const dies = left < 0
          if (dies && deaths % 2 === 0) throw new Error('the process died')
          const result = await db.batch(statements)
          if (dies) throw new Error('the process died')
          return result
        },
      }
      isDone = await reconcileReviews({ db: dying, now }).then(
        () => true,
        (error: Error) => (error.message.includes('died') ? false : Promise.reject(error)),
      )
    }
  }
  await reconcileAndDie()
  expect(await types(first!.id)).toEqual(['created'])
  const body = { title: 'Test it', due: '2099-01-01', proof: { kind: 'step', name: 'unit' } }
  await call('createReviewAction', { params, body })
  await run(1, 'failed', 7)
  await run(2, 'passed')
  await db.query(sql`update pipeline_run set ended = now() + interval '3 hours'`)
  await reconcileAndDie()
  await reconcileAndDie()
  expect(await types(first!.id)).toEqual(['created', 'actionadded', 'actionproven'])
})

test('two servers at once, or a server and a person, do everything once', async () => {
  /** Another one does everything between what a server has read and what it writes. */
  const overtaken = (other: () => Promise<unknown>): Promise<void> => {
    let isFirst = true
    const batch: Database['batch'] = async (statements) => {
      if (isFirst) {
        isFirst = false
        await other()
      }
      return db.batch(statements)
    }
    return reconcileReviews({ db: { ...db, batch }, now })
  }
  const incident = await openIncident()
  const params = { incident }
  await call('closeIncident', { params, body: { comment: '' } })
  await overtaken(() => reconcileReviews({ db, now }))
  const body = { title: 'Test it', due: '2099-01-01', proof: { kind: 'step', name: 'unit' } }
  await call('createReviewAction', { params, body })
  await run(1, 'failed', 7)
  await run(2, 'passed')
  await overtaken(() => reconcileReviews({ db, now }))
  await run(3, 'failed')
  const [action] = (await call('getReview', { params })).actionList
  const remove = { params: { ...params, action: action!.id }, body: { reason: 'moved' } }
  await overtaken(() => call('deleteReviewAction', remove))
  const happened = ['created', 'actionadded', 'actionproven', 'actionremoved']
  expect(await types(incident)).toEqual(happened)

  const second = { params: { incident: await openIncident() } }
  await call('closeIncident', { ...second, body: { comment: '' } })
  await overtaken(() => call('createReview', second))
  expect(await types(second.params.incident)).toEqual(['created'])
})

test('a whole review of the greatest size goes out as Markdown and in again', async () => {
  const incident = await openIncident()
  const params = { incident }
  await call('createReview', { params })
  const sections = Object.fromEntries(
    reviewSectionNames.map((name) => [name, `${name} `.repeat(2500).slice(0, 19_999).trim()]),
  )
  await call('changeReview', { params, body: { version: 1, sections } })
  const { markdown } = await call('getReview', { params })
  expect(reviewEndpoints.changeReview.body.safeParse({ markdown }).success).toBe(true)
  const edited = markdown.replace('luck luck', 'good luck')
  const changed = await call('changeReview', { params, body: { markdown: edited } })
  expect(changed.sections.find(({ name }) => name === 'luck')?.text).toMatch(/^good luck/)
  const long = { version: 3, markdown: 'x'.repeat(250_001) }
  expect(reviewEndpoints.changeReview.body.safeParse(long).success).toBe(false)
})
