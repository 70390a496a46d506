import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { waitFor } from '../../../test/support/wait.ts'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { claimChecks, endCheck, extendCheck } from './check-store.ts'

let database: TestDatabase
let db: Database
beforeAll(async () => {
  database = await testDatabase()
  db = database.db
})
afterAll(() => database.close())

const none: ReadonlySet<string> = new Set()
const url = { kind: 'url', url: 'https://git.example/x.git' }

async function addApps(names: string[]): Promise<void> {
  await db.query(sql`delete from app`)
  for (const name of names)
    await db.query(
      sql`insert into app (name, repository, branch) values (${name}, ${url}::jsonb, 'main')`,
    )
}

test('two replicas claim different repositories, of the kind that they ask for', async () => {
  await addApps(['a', 'b', 'c', 'd', 'e'])
  const [one, two] = await Promise.all([
    claimChecks(db, 'url', { count: 3, except: none, lease: 30 }),
    claimChecks(db, 'url', { count: 3, except: none, lease: 30 }),
  ])
  const rest = await claimChecks(db, 'url', { count: 3, except: none, lease: 30 })
  const claimed = [...one, ...two, ...rest].map(({ app }) => app)
  expect(claimed.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(await claimChecks(db, 'url', { count: 3, except: none, lease: 30 })).toEqual([])
  expect(await claimChecks(db, 'hosted', { count: 3, except: none, lease: 30 })).toEqual([])
})

test('another replica takes over an expired claim from its first holder', async () => {
  await addApps(['a'])
  const [first] = await claimChecks(db, 'url', { count: 1, except: none, lease: 0.05 })
  if (!first) throw new Error('nothing was claimed')
  expect(await extendCheck(db, first, 0.05)).toBe(true)
  let second = first
  await waitFor('the second claim', async () => {
    const [found] = await claimChecks(db, 'url', { count: 1, except: none, lease: 30 })
    second = found ?? first
    return found !== undefined
  })
  expect(await extendCheck(db, first, 30)).toBe(false)
  await db.query(endCheck(first, { failures: 3, checked: null, pause: 0 }))
  expect(await claimChecks(db, 'url', { count: 1, except: none, lease: 30 })).toEqual([])
  expect(await extendCheck(db, second, 30)).toBe(true)
})

test('a check is due again after its pause, and knows the checks before it', async () => {
  await addApps(['a'])
  const claim = () => claimChecks(db, 'url', { count: 1, except: none, lease: 30 })
  const [first] = await claim()
  if (!first) throw new Error('nothing was claimed')
  expect(first).toMatchObject({ failures: 0, checked: null })
  const checked = new Date('2026-01-02T03:04:05Z')
  await db.query(endCheck(first, { failures: 0, checked, pause: 0 }))
  const [second] = await claim()
  if (!second) throw new Error('nothing was claimed')
  expect(second).toMatchObject({ failures: 0, checked: checked.toISOString() })
  await db.query(endCheck(second, { failures: 1, checked: null, pause: 3600 }))
  expect(await claim()).toEqual([])
  await db.query(sql`update repository_check set due = now()`)
  expect(await claim()).toMatchObject([{ failures: 1, checked: checked.toISOString() }])
})

test('skips repositories that are checked here already', async () => {
  await addApps(['a', 'b'])
  const claimed = await claimChecks(db, 'url', { count: 2, except: new Set(['a']), lease: 30 })
  expect(claimed.map(({ app }) => app)).toEqual(['b'])
})
