import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Channel } from '#contract/alert/alert.ts'
import type { Escalation } from '#contract/oncall/oncall.ts'
import { planStep, type StepFacts } from './escalation.ts'

const channel = (name: string, more: Partial<Channel> = {}): Channel => ({
  ...{
    name,
    kind: 'ntfy',
    person: null,
    urgency: 'low',
    created: '',
    proven: '2026',
    problem: null,
    ...more,
  },
})
const channels = [
  channel('ada-phone', { person: 'Ada', urgency: 'high' }),
  channel('ada-mail', { person: 'Ada' }),
  channel('bob-mail', { person: 'Bob', proven: null }),
  channel('cy', { person: 'Cy' }),
  channel('chat'),
]
const suspect = (name: string) => ({ name, email: null, user: name, reason: 'they wrote it' })
const escalation: Escalation = {
  ...{ suspects: 5, repeats: 1, working: null },
  steps: [
    { notify: ['rota:primary'], minutes: 5 },
    { notify: ['person:Cy', 'channel:chat'], minutes: 10 },
  ],
}
const facts = (more: Partial<StepFacts> = {}): StepFacts => ({
  ...{ urgency: 'high', suspects: [suspect('Ada')], passed: new Set(), channels },
  ...{ team: { name: 'payments', escalation }, onCall: new Map([['primary', 'Ada']]) },
  ...{ waitsUntil: null, isAtOnce: false },
  ...more,
})
const who = (step: number, more: Partial<StepFacts> = {}) => {
  const { recipients, pause, notes } = planStep(step, facts(more))
  return { to: recipients.map((one) => one.channel), pause, notes: notes.map(({ text }) => text) }
}

describe('the escalation', () => {
  test('a team that gets an alert at once does not wait for the suspects', () => {
    expect(who(1).pause).toBe(300)
    expect(who(1, { isAtOnce: true })).toMatchObject({ to: who(1).to, pause: 0 })
  })

  test('shared channels and suspects at once, then the steps of the team, and again', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((step) => [who(step).to, who(step).pause])).toEqual([
      [['chat'], 0],
      [['ada-phone'], 300],
      [['ada-phone'], 300],
      [['cy', 'chat'], 600],
      [['ada-phone'], 300],
      [['cy', 'chat'], 600],
      [[], null],
    ])
    expect(who(4).notes).toEqual(['step 1 of payments, round 2: Ada on ada-phone'])
    expect(who(6).notes).toEqual(['nobody acknowledged it: the steps of payments are over'])
  })

  test('nobody waits for suspects or people on call that cannot be reached', () => {
    expect(who(1, { suspects: [suspect('Zoe')] })).toEqual({
      ...{ to: [], pause: 0, notes: ['Zoe was not notified: they have no channel'] },
    })
    expect(who(1, { suspects: [{ ...suspect('Eve'), user: null }] }).notes).toEqual([
      'Eve was not notified: no user has this name or address',
    ])
    const unproven = who(2, { onCall: new Map([['primary', 'Bob']]) })
    expect(unproven).toMatchObject({ to: ['bob-mail'], pause: 0 })
    expect(unproven.notes[1]).toBe('Bob may not get it: bob-mail has never worked')
    const hole = who(2, { onCall: new Map([['primary', null]]) })
    expect(hole).toMatchObject({ to: [], pause: 0 })
    expect(hole.notes).toEqual(['step 1 of payments: nobody', 'nobody is on call in primary'])
  })

  test('suspects that cannot be reached take no place, and broken channels no time', () => {
    const all = ['Zoe', 'Ada', 'Bob', 'Cy', 'Yan'].map(suspect)
    expect(who(1, { suspects: all })).toEqual({
      ...{ to: ['ada-phone', 'bob-mail', 'cy'], pause: 300 },
      notes: ['Zoe was not notified: they have no channel'],
    })
    const broken = channels.map((one) =>
      one.name === 'ada-phone' ? { ...one, problem: 'it cannot be reached' } : one,
    )
    expect(who(1, { channels: broken }).to).toEqual(['ada-mail'])
    const alone = broken.filter(({ name }) => name !== 'ada-mail')
    expect(who(1, { channels: alone })).toMatchObject({ to: ['ada-phone'], pause: 0 })
  })

  test('who passed it on gets no message again', () => {
    const passed = new Set(['Ada'])
    expect(who(1, { passed }).to).toEqual([])
    expect(who(2, { passed })).toMatchObject({ to: [], pause: 0 })
  })

  test('low urgency takes the channel that accepts it', () => {
    expect(who(1, { urgency: 'low' }).to).toEqual(['ada-mail'])
  })

  test('without a team it ends with the suspects, and says when nobody gets it', () => {
    expect(who(1, { team: null })).toMatchObject({ to: ['ada-phone'], pause: null })
    expect(who(1, { team: null, suspects: [], channels: [] }).notes).toEqual([
      'nobody was notified: no channel gets this alert',
    ])
  })

  test('ends for every team, and each round that reaches nobody waits', () => {
    const target = fc.constantFrom('rota:primary', 'rota:none', 'person:Zoe', 'channel:chat')
    const steps = fc.array(
      fc.record({
        notify: fc.array(target, { minLength: 1, maxLength: 3 }),
        minutes: fc.integer({ min: 1, max: 9 }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    fc.assert(
      fc.property(steps, fc.nat(3), (all, repeats) => {
        const team = { name: 't', escalation: { ...escalation, steps: all, repeats } }
        let step = 2
        let waited = 0
        for (; step < 100; step += 1) {
          const { pause } = planStep(step, facts({ team }))
          if (pause === null) break
          if (pause > 0) waited += 1
        }
        expect(step).toBe(2 + all.length * (repeats + 1))
        expect(waited).toBeGreaterThanOrEqual(repeats + 1)
      }),
    )
  })
})
