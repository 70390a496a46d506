import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { join, raw, sql, toJson } from './sql.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    "'; drop table event; --",
    String.raw`\'`,
    '$1',
    '\0',
    '{"a",}',
    'null',
    '\ud800',
  ),
)
const held = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD')

test('returns any text unchanged, as a parameter and as a literal', async () => {
  await fc.assert(
    fc.asyncProperty(nasty, nasty, async (a, b) => {
      const statement = sql`select ${a}::text as a, ${b}::text as b`
      const expected = { a: held(a), b: held(b) }
      expect(await database.db.query(statement)).toEqual([expected])
      expect(await database.db.batch([statement, sql`select 1 as one`])).toEqual([
        [expected],
        [{ one: 1 }],
      ])
    }),
    { numRuns: 100 },
  )
})

test('keeps a value that looks like a statement', async () => {
  const value: unknown = JSON.parse('{"text": "select 1", "values": []}')
  const statement = sql`select ${value}::json as value`
  expect(statement).toMatchObject({ text: 'select $1::json as value', values: [value] })
  expect(await database.db.query(statement)).toEqual([{ value }])
  expect(await database.db.batch([statement])).toEqual([[{ value }]])
})

test('returns lists, numbers, dates, bytes, booleans and null unchanged', async () => {
  const date = new Date('2026-01-02T03:04:05.678Z')
  await fc.assert(
    fc.asyncProperty(
      fc.array(nasty),
      fc.array(fc.maxSafeInteger()),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      async (texts, numbers, yes, real) => {
        const statement = sql`select ${texts}::text[] as texts, ${numbers}::bigint[] as numbers, ${yes}::boolean as yes,
        ${real}::float8 as real, ${null}::text as nothing, ${date}::timestamptz as date, ${Buffer.from([0, 255])}::bytea as bytes`
        const [direct] = await database.db.query(statement)
        const [[together]] = (await database.db.batch([statement])) as [[Record<string, unknown>]]
        expect(together).toEqual(direct)
        expect(together).toMatchObject({
          texts: texts.map(held),
          yes,
          nothing: null,
          date: date.toISOString(),
        })
        expect((together['numbers'] as unknown[]).map(Number)).toEqual(numbers)
        expect(Number(together['real']) === real).toBe(true)
        expect(together['bytes']).toEqual(Buffer.from([0, 255]))
      },
    ),
    { numRuns: 50 },
  )
})

test('returns JSON unchanged, also as jsonb', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ stringUnit: 'binary' }), nasty, async (value, text) => {
      const input = { value, [`key ${text}`]: text }
      const statement = sql`select ${input}::jsonb as binary, ${input}::json as text`
      const [direct] = await database.db.query(statement)
      const [[together]] = (await database.db.batch([statement])) as [[Record<string, unknown>]]
      expect(together).toEqual(direct)
      expect(together['text']).toEqual(JSON.parse(toJson(input)))
    }),
    { numRuns: 100 },
  )
})

test('nests statements with their values in order', () => {
  const inner = sql`b = ${2} and c = ${3}`
  expect(sql`select ${1} where ${inner} or ${4}`).toEqual(
    raw('select $1 where b = $2 and c = $3 or $4', [1, 2, 3, 4]),
  )
  expect(join([sql`a = ${1}`, inner, sql`true`], ' and ')).toEqual(
    raw('a = $1 and b = $2 and c = $3 and true', [1, 2, 3]),
  )
})

test('runs the statements of a batch in one transaction', async () => {
  await database.db.query(sql`create table one (n int primary key)`)
  const insert = (n: number) => sql`insert into one values (${n})`
  await expect(database.db.batch([insert(1), insert(2), insert(1)])).rejects.toThrow(
    'duplicate key',
  )
  expect(await database.db.query(sql`select * from one`)).toEqual([])
})
