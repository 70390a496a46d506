import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CheckResult, type CheckState, checkStates } from '#contract/monitor/check.ts'
import { resultOf } from '#platform/monitor/checks.ts'
import { countVotes, nextVote, type Vote } from './quorum.ts'

const settings = { failures: 3, recoveries: 2 }
const reasons = { up: '', degraded: 'it is slow', down: 'it answers 500', unknown: 'cut off' }

/** The vote of a host whose checks found these states, one a second. */
function voteAfter(host: string, states: CheckState[]): Vote | undefined {
  let vote: Vote | undefined
  let before: CheckResult | null = null
  for (const [i, state] of states.entries()) {
    const finding = { state, reason: reasons[state] }
    before = resultOf(1, i + 1, { finding, before, at: (i + 1) * 1000, took: 1 })
    vote = nextVote(vote, host, before, settings)
  }
  return vote
}
const sure = (host: string, state: CheckState): Vote => voteAfter(host, [state, state, state])!
const state = fc.constantFrom(...checkStates)
const votes = fc
  .array(state, { minLength: 1, maxLength: 9 })
  .map((all) => all.map((one, i) => sure(`h${i}`, one)))
const ranks: Record<CheckState, number> = { up: 0, degraded: 1, down: 2, unknown: -1 }
const stateOf = (all: (Vote | undefined)[]) => countVotes(1, all)?.state

test('a monitor is down exactly when more than half of the hosts that can tell say so', () => {
  fc.assert(
    fc.property(votes, (all) => {
      const known = all.filter((one) => one.state !== 'unknown')
      const down = known.filter((one) => one.state === 'down').length
      expect(stateOf(all) === 'down').toBe(2 * down > known.length)
      expect(stateOf(all) === 'unknown').toBe(known.length === 0)
      expect(stateOf(all) === 'up').toBe(
        known.length > 0 && known.every((one) => one.state === 'up'),
      )
    }),
  )
})

test('hosts that cannot tell change nothing, nor does the order of the hosts', () => {
  fc.assert(
    fc.property(votes, fc.nat(5), (all, more) => {
      const blind = Array.from({ length: more }, (_, i) => sure(`blind-${i}`, 'unknown'))
      expect(stateOf([...blind, ...all])).toBe(stateOf(all))
      expect(stateOf(all.toReversed())).toBe(stateOf(all))
    }),
  )
})

test('a host that finds something worse never makes the whole better', () => {
  fc.assert(
    fc.property(votes, fc.nat(8), (all, at) => {
      const one = all[at % all.length]!
      if (one.state === 'unknown' || one.state === 'down') return
      const worse = all.with(at % all.length, sure(one.host, 'down'))
      expect(ranks[stateOf(worse)!]).toBeGreaterThanOrEqual(ranks[stateOf(all)!])
    }),
  )
})

test('a vote needs checks in a row, except for one that cannot tell', () => {
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 12 }), (found) => {
      const last = voteAfter('web-1', found)
      const before = voteAfter('web-1', found.slice(0, -1))
      const isBad = (one: CheckState | undefined): boolean => one === 'down' || one === 'degraded'
      if (found.at(-1) === 'unknown') expect(last?.state).toBe('unknown')
      if (found.length > 2 && found.slice(-3).every(isBad)) expect(last?.state).toBe(found.at(-1))
      else if (isBad(last?.state)) expect(isBad(before?.state)).toBe(true)
      if (last?.state === 'up' && before !== undefined && before.state !== 'up')
        expect(found.slice(-2)).toEqual(['up', 'up'])
    }),
  )
  const words = (...found: CheckState[]) => voteAfter('web-1', found)?.state
  expect(words('up')).toBe('up')
  expect(words('down', 'down')).toBeUndefined()
  expect(words('up', 'down', 'down')).toBe('up')
  expect(words('down', 'down', 'down', 'up')).toBe('down')
  expect(words('down', 'down', 'down', 'degraded')).toBe('degraded')
})

test('what is partial is said, with the hosts that see it', () => {
  const three = [sure('local', 'up'), sure('web-1', 'down'), sure('web-2', 'up')]
  expect(countVotes(7, three)).toMatchObject({
    ...{ id: 7, state: 'degraded', reason: 'down from 1 of 3 hosts (web-1): it answers 500' },
  })
  const cut = [sure('local', 'degraded'), sure('web-1', 'down'), sure('web-2', 'unknown')]
  expect(countVotes(7, cut)).toMatchObject({
    ...{ state: 'degraded' },
    reason:
      'down from 1 and degraded from 1 of 2 hosts (local, web-1): it answers 500; ' +
      'nothing is known from web-2',
  })
  expect(countVotes(7, [sure('web-2', 'unknown')])).toMatchObject({
    ...{ state: 'unknown', reason: 'no host can tell: web-2: cut off' },
  })
  // The others are not judged before each host has said something.
  expect(countVotes(7, [...three, undefined])).toBeNull()
})

test('the harm began when enough hosts saw it', () => {
  const late = voteAfter('web-2', ['up', 'up', 'down', 'down', 'down'])
  const all = [sure('local', 'up'), sure('web-1', 'down'), late]
  expect(countVotes(1, all)).toMatchObject({ state: 'down', since: 3000, before: 2000 })
  // A failure that is not confirmed yet: the others were right until then only.
  const open = [sure('web-1', 'up'), voteAfter('web-2', ['up', 'up', 'up', 'down'])]
  expect(countVotes(1, open)).toMatchObject({ state: 'up', at: 3999 })
})
