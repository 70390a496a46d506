import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sqlState } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import {
  beginStep,
  claim,
  endStep,
  endWorkflow,
  freeLock,
  leaveQueue,
  register,
  startWorkflow,
  takeLock,
} from './records.ts'

let database: TestDatabase
let used = 0
beforeAll(async () => {
  database = await testDatabase()
  await database.db.batch([register({ id: 'r', lease: 3_600_000 })])
})
afterAll(() => database.close())

/** Starts and claims a number of workflows. */
async function claimed(count: number): Promise<string[]> {
  used += 1
  const ids = Array.from({ length: count }, (_, i) => `w${used}-${i}`)
  await database.db.batch(
    ids.map((id) => startWorkflow({ id, name: 'job', chain: 'c', input: null })),
  )
  const rows = await claim(database.db, 'r', { name: 'job', version: 1 }, count)
  expect(rows.map((row) => row.id)).toEqual(ids)
  return ids
}

const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('take' as const), who: fc.nat(5), rank: fc.nat(2) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('free' as const, 'leave' as const, 'end' as const),
      who: fc.nat(5),
    }),
  },
)

test('a lock has one holder; the next is the highest rank, then the longest wait', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 25 }), async (operations) => {
      const ids = await claimed(6)
      const name = `lock ${used}`
      const ended = new Set<number>()
      let holder: number | null = null
      let queue: { who: number; rank: number }[] = []
      const leave = (who: number): void => {
        queue = queue.filter((waiting) => waiting.who !== who)
        if (holder === who) holder = null
      }
      const grant = (): void => {
        if (holder !== null) return
        // A stable sort keeps the order of arrival within a rank.
        queue = queue.toSorted((a, b) => b.rank - a.rank)
        holder = queue.shift()?.who ?? null
      }
      for (const [i, next] of operations.entries()) {
        const { who } = next
        if (ended.has(who)) continue
        const fence = { id: ids[who] ?? '', epoch: 1 }
        if (next.kind === 'take') {
          const [rows] = await database.db.batch([takeLock(fence, name, next.rank)])
          if (holder !== who && !queue.some((waiting) => waiting.who === who))
            queue.push({ who, rank: next.rank })
          grant()
          expect(rows).toEqual([{ held: holder === who }])
        } else {
          if (next.kind === 'free') await database.db.batch([freeLock(fence, name, `unlock ${i}`)])
          if (next.kind === 'leave') await database.db.batch(leaveQueue(fence, name))
          if (next.kind === 'end')
            await database.db.batch([endWorkflow(fence, 'succeeded', 'null', null)])
          if (next.kind === 'end') ended.add(who)
          leave(who)
          grant()
        }
        const rows = await database.db.query(
          sql`select workflow, held from lock where name = ${name}
            order by held desc, rank desc, number`,
        )
        const sorted = queue
          .toSorted((a, b) => b.rank - a.rank)
          .map(({ who: waiting }) => ({ workflow: ids[waiting], held: false }))
        expect(rows).toEqual(
          holder === null ? sorted : [{ workflow: ids[holder], held: true }, ...sorted],
        )
      }
    }),
    { numRuns: 25 },
  )
})

test('only the newest epoch of a workflow may write, in any order of epochs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { minLength: 1, maxLength: 12 }), async (attempts) => {
      const [id = ''] = await claimed(1)
      let current = 1
      for (const [i, lag] of attempts.entries()) {
        const epoch = current - lag
        const done = await database.db
          .batch([
            beginStep({ id, epoch }, `s${i}`, 1),
            sql`select append_event('t', '1', ${id}, 'c', null, 'a', '{}')`,
          ])
          .then(() => database.db.batch([endStep({ id, epoch }, `s${i}`, 'passed', 'null', null)]))
          .then(
            () => true,
            (error: unknown) => {
              expect(sqlState(error)).toBe('FL001')
              return false
            },
          )
        expect(done).toBe(lag === 0)
        // Sometimes another replica takes over.
        if (i % 2 === 0) {
          await database.db.query(sql`update workflow set owner = null where id = ${id}`)
          const [row] = await claim(database.db, 'r', { name: 'job', version: 1 }, 0)
          current += 1
          expect(row).toMatchObject({ id, epoch: current })
        }
      }
      const accepted = attempts.filter((lag) => lag === 0).length
      expect(
        await database.db.query(sql`select count(*) as n from event where subject = ${id}`),
      ).toEqual([{ n: accepted }])
      expect(
        await database.db.query(
          sql`select count(*) as n from workflow_step where workflow = ${id}`,
        ),
      ).toEqual([{ n: accepted }])
      await database.db.batch([endWorkflow({ id, epoch: current }, 'succeeded', 'null', null)])
    }),
    { numRuns: 25 },
  )
})
