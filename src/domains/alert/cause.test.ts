import { describe, expect, test } from 'vitest'
import { causeWords, recordWords } from '#contract/alert/cause-words.ts'
import { type CauseFacts, causeOf, endedBy, recordOf } from './cause.ts'
import type { SuspectCommit } from './suspects.ts'

const commit = (author: string, file: string, subject = `Change ${file}`): SuspectCommit => ({
  ...{ sha: `${author}-${file}`, subject, author, files: [file] },
  email: `${author.toLowerCase()}@x.test`,
})
const changed = (...commits: SuspectCommit[]) => ({ commits, configuration: null })
const suspects = ['Ada', 'Bob', 'Cy'].map((name) => ({
  ...{ name, email: `${name.toLowerCase()}@x.test`, user: null, reason: 'they wrote it' },
}))
const facts = (given: Partial<CauseFacts>): CauseFacts => ({
  ...{ suspects, users: [] },
  brought: changed(commit('Ada', 'a'), commit('Bob', 'b'), commit('Cy', 'c'), commit('Di', 'd')),
  ended: { ...changed(), how: 'fix' },
  ...given,
})
const names = (given: Partial<CauseFacts>) => causeOf(facts(given)).authors.map(({ name }) => name)

describe('the deployment after which an alert was over', () => {
  const deployments = [
    { id: 3, live: 300_000 },
    { id: 2, live: 200_000 },
    { id: 4, live: 900_000 },
  ]

  test('is the last one before the end', () => {
    expect(endedBy({ over: 400_000, lastError: null }, deployments)?.id).toBe(3)
    expect(endedBy({ over: 100_000, lastError: null }, deployments)).toBeNull()
  })

  test('of an error, is the first one since it was last seen', () => {
    // The former release may throw it once more while it answers its last requests.
    expect(endedBy({ over: 1_000_000, lastError: 210_000 }, deployments)?.id).toBe(2)
    expect(endedBy({ over: 1_000_000, lastError: 261_000 }, deployments)?.id).toBe(3)
    expect(endedBy({ over: 400_000, lastError: 390_000 }, deployments)).toBeNull()
  })
})

describe('the cause', () => {
  test('of a rollback is everybody who wrote what was taken back', () => {
    const ended = { ...changed(commit('Bob', 'b'), commit('Di', 'd')), how: 'rollback' as const }
    expect(causeOf(facts({ ended }))).toMatchObject({
      ...{ how: 'rollback', place: 2, authors: [{ name: 'Bob' }, { name: 'Di' }] },
      // Two of four authors are right; only one of four draws of three leaves one of them out.
      chance: { first: 0.5, three: 1 },
    })
  })

  test('of a fix is who changed a file that the deployment changed, or anybody', () => {
    const near = changed(commit('Eve', 'readme'), commit('Cy', 'c'), commit('Cy', 'c'))
    expect(names({ ended: { ...near, how: 'fix' } })).toEqual(['Cy'])
    expect(names({ ended: { ...changed(commit('Eve', 'new')), how: 'fix' } })).toEqual(['Eve'])
  })

  test('of a revert is who wrote what it reverts', () => {
    const revert = changed(commit('Eve', 'b', 'Revert "Change b"'))
    expect(causeOf(facts({ ended: { ...revert, how: 'fix' } }))).toMatchObject({
      ...{ authors: [{ name: 'Bob' }], place: 2, chance: { first: 0.25, three: 0.75 } },
    })
  })

  test('is nobody without a change; a fix by somebody else is a miss', () => {
    expect(causeOf(facts({})).how).toBe('none')
    const eve = { ...changed(commit('Eve', 'a')), how: 'fix' as const }
    expect(causeOf(facts({ ended: eve }))).toMatchObject({
      ...{ how: 'fix', place: null, chance: { first: 0, three: 0 } },
    })
  })

  test('people are the same by user, then by address, then by name', () => {
    const users = [{ name: 'bob', email: 'bob@home.test' }]
    const [, bob] = suspects
    const ended = { commits: [], configuration: 'bob', how: 'fix' as const }
    expect(causeOf(facts({ users, ended })).place).toBeNull()
    const known = [{ ...bob!, user: 'bob' }]
    expect(causeOf(facts({ users, ended, suspects: known })).place).toBe(1)
    const unknown = [{ ...bob!, email: null, name: 'BOB' }]
    expect(causeOf(facts({ ended, suspects: unknown })).place).toBe(1)
  })
})

test('the record counts hits beside those of random authors, and what was passed on', () => {
  const one = { how: 'fix' as const, place: 1, chanceFirst: 0.25, chanceThree: 0.75 }
  const record = recordOf(
    [
      { ...one, isPassed: false },
      { ...one, place: 3, isPassed: true },
      { ...one, place: 4, isPassed: false },
      { ...one, place: null, isPassed: false },
      { ...one, how: 'none', place: null, isPassed: true },
    ],
    90,
  )
  expect(record).toEqual({
    ...{ days: 90, alerts: 5, known: 4, first: 1, firstThree: 2, passed: 2 },
    byChance: { first: 1, firstThree: 3 },
  })
  expect(recordWords(record)).toEqual([
    'In 90 days, 5 alerts with suspects ended, 4 of them after a deployment.',
    'The first suspect was right in 1 of 4 (by chance: 1), one of the first three in 2 (by ' +
      'chance: 3).',
    'In 2 alerts, a suspect said that it is not theirs.',
  ])
  expect(recordWords(recordOf([], 90))).toHaveLength(1)
})

test.each([
  [
    { how: 'rollback', deployment: 7, authors: ['Ada'], place: 1 } as const,
    'deployment 7 took back what Ada wrote, and ended it: suspect 1 is right',
  ],
  [
    { how: 'fix', deployment: 8, authors: ['A', 'B', 'C', 'D'], place: null } as const,
    'deployment 8 brought the fix of 4 people, and ended it: no suspect is right',
  ],
])('%o is told in words', (cause, words) => {
  expect(causeWords({ ...cause, authors: [...cause.authors] })).toBe(words)
})
