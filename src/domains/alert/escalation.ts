import type { Channel, Suspect, Urgency } from '#contract/alert/alert.ts'
import type { Escalation } from '#contract/oncall/oncall.ts'
import { mostPeople, type Recipient } from './recipients.ts'

export interface StepFacts {
  urgency: Urgency
  suspects: readonly Suspect[]
  /** users who said that the alert is not theirs */
  passed: ReadonlySet<string>
  channels: readonly Channel[]
  /** null when no team owns it */
  team: { name: string; escalation: Escalation } | null
  /** the person on call now by the name of the rota; null for nobody */
  onCall: ReadonlyMap<string, string | null>
  /** when the next working hours begin, in milliseconds; null during them, or without them */
  waitsUntil: number | null
  /** whether the team gets it at once, and not after the time of the suspects */
  isAtOnce: boolean
}

export interface Note {
  kind: 'escalated' | 'unnotified' | 'waits'
  text: string
}

/** One step: who gets a message, and when the next step is due. */
export interface PlannedStep {
  recipients: Recipient[]
  notes: Note[]
  /** seconds until the next step; null when there is none */
  pause: number | null
}

/** The steps before those of the team: shared channels, and suspects. */
const before = 2

/**
 * Plans a step of the escalation. Step 0 is every shared channel, step 1 the suspects, and later
 * ones are those of the team, again and again. People whose channels have not worked get a message,
 * but the next step does not wait for them.
 */
export function planStep(step: number, facts: StepFacts): PlannedStep {
  if (step === 0) return { recipients: sharedOf(facts), notes: [], pause: 0 }
  return step === 1 ? planSuspects(facts) : planTeam(step - before, facts)
}

const isWanted =
  (urgency: Urgency) =>
  (channel: Channel): boolean =>
    channel.urgency === 'low' || urgency === 'high'

const sharedOf = ({ urgency, channels }: StepFacts): Recipient[] =>
  channels
    .filter(isWanted(urgency))
    .filter(({ person }) => person === null)
    .map(({ name }) => ({ channel: name, person: null, reason: 'it is a shared channel' }))

/**
 * The channel to reach a person by: the first that works, otherwise the first that has worked,
 * otherwise the first.
 */
function channelOf(person: string, { urgency, channels }: StepFacts): Channel | null {
  const own = channels.filter(isWanted(urgency)).filter((one) => one.person === person)
  return own.find(works) ?? own.find(({ proven }) => proven !== null) ?? own[0] ?? null
}

/** It has accepted a message, and refused none since. */
const works = ({ proven, problem }: Channel): boolean => proven !== null && problem === null

/**
 * The first three suspects with a channel. Suspects without one take no place, so the next suspect
 * gets the message instead.
 */
function planSuspects(facts: StepFacts): PlannedStep {
  const { suspects, passed, team, isAtOnce } = facts
  const found = suspects
    .filter(({ user }) => !passed.has(user ?? ''))
    .map((suspect) => ({
      suspect,
      channel: suspect.user === null ? null : channelOf(suspect.user, facts),
    }))
  const reached = found.filter(({ channel }) => channel !== null).slice(0, mostPeople)
  const last = reached.length < mostPeople ? mostPeople : found.indexOf(reached.at(-1)!)
  const missing = found.slice(0, last).flatMap(({ suspect: { name, user }, channel }) => {
    if (channel) return []
    const why = user === null ? 'no user has this name or address' : 'they have no channel'
    return [`${name} was not notified: ${why}`]
  })
  const recipients = reached.flatMap(({ suspect: { user, reason }, channel }) =>
    channel ? [{ channel: channel.name, person: user, reason }] : [],
  )
  const isNobody = team === null && recipients.length === 0 && sharedOf(facts).length === 0
  const isReached = reached.some(({ channel }) => channel !== null && works(channel))
  return {
    recipients,
    notes: [
      ...missing,
      ...(isNobody ? ['nobody was notified: no channel gets this alert'] : []),
    ].map((text) => ({ kind: 'unnotified', text })),
    pause: team === null ? null : isReached && !isAtOnce ? team.escalation.suspects * 60 : 0,
  }
}

function planTeam(index: number, facts: StepFacts): PlannedStep {
  const { team } = facts
  const steps = team?.escalation.steps ?? []
  const number = index % Math.max(1, steps.length)
  const planned = steps[number]
  const round = Math.floor(index / Math.max(1, steps.length))
  if (!team || !planned || round > team.escalation.repeats) {
    const text = `nobody acknowledged it: the steps of ${team?.name ?? 'the team'} are over`
    return { recipients: [], notes: [{ kind: 'escalated', text }], pause: null }
  }
  const reached = planned.notify.map((target) => reach(target, team.name, facts))
  const recipients = new Map(
    reached.flatMap(({ recipient }) => (recipient ? [[recipient.channel, recipient]] : [])),
  )
  const isLast = number === steps.length - 1
  const waits = isLast || reached.some(({ isProven }) => isProven)
  const of = round === 0 ? '' : `, round ${round + 1}`
  const who = [...recipients.values()].map(({ channel, person }) =>
    person === null ? channel : `${person} on ${channel}`,
  )
  const problems = reached.flatMap(({ problem }) => (problem === null ? [] : [problem]))
  const text = `step ${number + 1} of ${team.name}${of}: ${who.join(', ') || 'nobody'}`
  return {
    recipients: [...recipients.values()],
    notes: [
      { kind: 'escalated', text },
      ...problems.map((problem): Note => ({ kind: 'unnotified', text: problem })),
    ],
    pause: waits ? planned.minutes * 60 : 0,
  }
}

interface Reached {
  recipient: Recipient | null
  /** a message there is likely to arrive */
  isProven: boolean
  problem: string | null
}

function reach(target: string, team: string, facts: StepFacts): Reached {
  const kind = target.slice(0, target.indexOf(':'))
  const name = target.slice(kind.length + 1)
  const nobody = (problem: string): Reached => ({ recipient: null, isProven: false, problem })
  if (kind === 'channel') {
    const channel = facts.channels.find((one) => one.name === name)
    if (!channel) return nobody(`the channel ${name} does not exist`)
    const recipient = { channel: name, person: channel.person, reason: `${team} names it` }
    return { recipient, isProven: channel.proven !== null, problem: null }
  }
  const person = kind === 'rota' ? (facts.onCall.get(name) ?? null) : name
  if (person === null) return nobody(`nobody is on call in ${name}`)
  if (facts.passed.has(person)) return nobody(`${person} said that it is not theirs`)
  const channel = channelOf(person, facts)
  if (!channel) return nobody(`${person} was not notified: they have no channel`)
  const reason = kind === 'rota' ? `they are on call in ${name}` : `${team} names them`
  return {
    recipient: { channel: channel.name, person, reason },
    isProven: channel.proven !== null,
    problem:
      channel.proven === null ? `${person} may not get it: ${channel.name} has never worked` : null,
  }
}
