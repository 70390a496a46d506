import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { isDatabaseAway } from './postgres.ts'
import { sql } from './sql.ts'

let slow: TestDatabase
beforeAll(async () => {
  slow = await testDatabase({ statementTimeout: 50 })
})
afterAll(() => slow.close())

test('a statement that took too long does not mean an error in Fairlead', async () => {
  const error = await slow.db.query(sql`select pg_sleep(5)`).catch((reason: unknown) => reason)
  expect((error as pg.DatabaseError).code).toBe('57014')
  expect(isDatabaseAway(error)).toBe(true)
})

test.each([
  ['08006', true],
  ['25P03', true],
  ['40001', true],
  ['40P01', true],
  ['53100', true],
  ['53300', true],
  ['55P03', true],
  ['57014', true],
  ['57P01', true],
  ['22012', false],
  ['23505', false],
  ['42601', false],
])('the SQLSTATE %s means that the database does not answer: %s', (code, expected) => {
  const error = new pg.DatabaseError('x', 1, 'error')
  error.code = code
  expect(isDatabaseAway(error)).toBe(expected)
})

test.each([
  ['Connection terminated unexpectedly', true],
  ['timeout exceeded when trying to connect', true],
  ['Query read timeout', true],
  ['The connection of the user is refused', false],
])('the error %s of the driver: %s', (message, expected) =>
  expect(isDatabaseAway(new Error(message))).toBe(expected),
)
