import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { domainProblem } from './domains.ts'
import { deleteEnvironment, listAllEnvironments, setDomains } from './store.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => ({ db, close } = await testDatabase()))
afterAll(() => close())
beforeEach(() =>
  db.batch([
    sql`delete from app`,
    sql`insert into app (name, repository, branch)
      select name, '{"kind": "hosted"}', 'main' from unnest(array['shop', 'blog']) as name`,
    sql`insert into environment (app, name, position, target)
      select app, name, position - 1, '{"kind": "process"}'
      from unnest(array['shop', 'blog']) as app,
        unnest(array['dev', 'production']) with ordinality as e(name, position)`,
  ]),
)
const stored = async () =>
  Object.fromEntries(
    (await listAllEnvironments(db)).map(({ app, name, domains }) => [`${app}/${name}`, domains]),
  )

test('domains keep their order, move within an app, and go with their environment', async () => {
  const domains = ['z.example', 'a.example']
  await db.batch(setDomains('shop', [{ name: 'dev', domains }]))
  await db.batch(setDomains('blog', [{ name: 'dev', domains: ['blog.example'] }]))
  expect(await stored()).toMatchObject({ 'shop/dev': domains, 'blog/dev': ['blog.example'] })
  await db.batch(setDomains('shop', [{ name: 'production', domains }]))
  expect(await stored()).toMatchObject({ 'shop/dev': [], 'shop/production': domains })
  await db.batch(deleteEnvironment({ app: 'shop', name: 'production', reason: 'gone' }))
  await db.batch(setDomains('blog', [{ name: 'dev', domains }]))
  expect(await stored()).toMatchObject({ 'blog/dev': domains })
})

test('a domain of another app is refused, and the database refuses it too', async () => {
  const known = [{ app: 'shop', name: 'production', domains: ['a.example'] }]
  const request = { app: 'blog', name: 'dev', domains: ['b.example', 'a.example'] }
  expect(domainProblem([request], known)).toBe(
    'the domain a.example of the environment dev is used by the environment production of shop; ' +
      'remove it from one of them in fairlead.yaml',
  )
  expect(domainProblem([{ ...request, app: 'shop' }], known)).toBeNull()
  await db.batch(setDomains('shop', [{ name: 'dev', domains: ['a.example'] }]))
  await expect(db.batch(setDomains('blog', [request]))).rejects.toThrow('duplicate key')
})
