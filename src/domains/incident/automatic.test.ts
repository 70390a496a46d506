import { expect, test } from 'vitest'
import { incidentsFile } from '#contract/pipeline-file/incidents-file.ts'
import { type AutomaticFacts, decideAutomatic } from './automatic.ts'

const now = Date.parse('2026-11-29T03:00:00Z')
const hour = 3_600_000
const rollback = { kind: 'rollback' as const, name: null, text: 'rolls back', isProposed: true }
const settingsOf = (automatic: unknown) => incidentsFile.parse({ automatic }).automatic
const running = { id: 2, occurrence: 1, state: 'open' as const }
const facts: AutomaticFacts = {
  ...{ settings: settingsOf(true), incident: { ...running, commander: null }, now },
  ...{ isFiring: true, isDeploying: false, mitigations: [rollback], guesses: [] },
  suspect: { kind: 'delivery', ref: '7', confidence: 0.8 },
}
/** A guess about another incident. */
const earlier = (guess: string, hours: number) => ({
  ...{ guess, incident: 1, occurrence: 1, isDone: true, time: now - hours * hour },
})
const why = (more: Partial<AutomaticFacts>): string | null => {
  const decided = decideAutomatic({ ...facts, ...more })
  return decided !== null && 'why' in decided ? decided.why : null
}

test('it acts on what is proposed only where fairlead.yaml says so', () => {
  expect(decideAutomatic(facts)).toEqual({ act: rollback })
  expect(decideAutomatic({ ...facts, settings: settingsOf(false) })).toBeNull()
  expect(decideAutomatic({ ...facts, settings: settingsOf(undefined) })).toBeNull()
})

test.each<[Partial<AutomaticFacts>, string]>([
  [{ mitigations: [{ ...rollback, isProposed: false }] }, 'no mitigation is proposed'],
  [{ mitigations: [{ ...rollback, kind: 'restart' }] }, 'fairlead.yaml does not allow a restart'],
  [{ incident: { ...running, state: 'mitigated', commander: null } }, 'the incident is mitigated'],
  [{ incident: { ...running, commander: 'Ada' } }, 'Ada is its commander'],
  [{ isFiring: false }, 'no alert shows that the harm goes on'],
  [{ isDeploying: true }, 'a deployment of the environment goes on'],
  [
    { settings: settingsOf({ mitigations: ['switch'] }) },
    'fairlead.yaml does not allow a rollback',
  ],
  [{ settings: settingsOf({ confidence: 81 }) }, '80 %, and 81 % are needed'],
  [{ suspect: { kind: 'delivery', ref: '7', confidence: null } }, '0 %, and 80 % are needed'],
  // Never twice in a row on the same guess, however long ago the last one was.
  [{ guesses: [earlier('delivery/7', 900)] }, 'its last guess was the same'],
  [{ guesses: [earlier('delivery/5', 1), earlier('switch/mails', 23)] }, 'acted 2 times today'],
])('it does not act: %j', (more, words) => {
  expect(why(more)).toContain(words)
})

test('another guess after the same one, and what was done yesterday, do not hold it back', () => {
  const guesses = [earlier('switch/mails', 1), earlier('delivery/7', 25), earlier('delivery/5', 26)]
  expect(decideAutomatic({ ...facts, guesses })).toEqual({ act: rollback })
})

test('in one incident, it never acts twice on the same guess', () => {
  const same = { ...earlier('delivery/7', 25), incident: 2 }
  const guesses = [earlier('switch/mails', 1), same]
  expect(why({ guesses })).toBe('it has acted on the same guess in this incident')
  const again = { ...running, occurrence: 2, commander: null }
  expect(decideAutomatic({ ...facts, guesses, incident: again })).toEqual({ act: rollback })
})

test('what could not be done uses up no act, and is not tried again in the incident', () => {
  const failed = (guess: string, hours: number) => ({ ...earlier(guess, hours), isDone: false })
  const guesses = [failed('delivery/5', 1), failed('delivery/6', 2), earlier('switch/mails', 3)]
  expect(decideAutomatic({ ...facts, guesses })).toEqual({ act: rollback })
  const again = { ...facts.incident, occurrence: 2 }
  const tried = [{ ...failed('delivery/7', 1), incident: running.id }]
  expect(why({ guesses: tried })).toBe('it has acted on the same guess in this incident')
  expect(decideAutomatic({ ...facts, guesses: tried, incident: again })).toEqual({ act: rollback })
})
