import type { Channel } from '#contract/alert/alert.ts'
import type { HostRoster, Outage, RosterHost, RosterPlan } from '#contract/host/roster.ts'
import * as channelStore from '#domains/alert/channel-store.ts'
import { planStep, type StepFacts } from '#domains/alert/escalation.ts'
import { announceEnd } from '#domains/alert/notification-store.ts'
import { listHosts, noteHost, recordOutage, reserveOutage } from '#domains/alert/outage-store.ts'
import { nextChannel, type Recipient } from '#domains/alert/recipients.ts'
import { shiftsOf } from '#domains/oncall/shifts.ts'
import * as oncall from '#domains/oncall/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import { defaultTeam } from './escalate.ts'
import type { NotifyParts } from './channel.ts'

/** Where hosts may connect to, and how they find that a server answers. */
export type RosterPolicy = Pick<HostRoster, 'after' | 'servers' | 'privateHosts' | 'allowAddresses'>

export interface ShareRosterParts extends Omit<NotifyParts, 'io'> {
  io: Pick<NotifyParts['io'], 'mail' | 'commands'>
  host: Pick<HostClient, 'setRoster'>
  policy: RosterPolicy
  /** what all hosts of the installation sign with */
  hostSecret(): string
  now(): number
  /** messages are due */
  onNotification(): void
}

const day = 86_400_000
/** The host gets the shifts of this time. */
const aheadMs = 28 * day
/** The database notes this often that the host of this server is there. */
const notedMs = day / 24
const mostSteps = 200

/** Gives the host of this server who to notify without one, and records what it sent. */
export class ShareRoster {
  readonly #parts: ShareRosterParts
  /** what the database knows of the host of this server */
  #host: { id: string; url: string | null; at: number } | null = null

  constructor(parts: ShareRosterParts) {
    this.#parts = parts
  }

  async run(): Promise<void> {
    const { db, host, onNotification } = this.#parts
    const roster = await this.#roster()
    const answer = await host.setRoster(roster)
    const isNew = await this.#note(answer.host)
    const { outage } = answer
    if (outage !== null) await this.#record(outage)
    if (outage === null && !isNew) return
    const alert = roster.alert === null ? null : await reserveOutage(db)
    const hosts = await listHosts(db)
    await host.setRoster({ ...roster, alert, hosts, recorded: outage?.alert ?? null })
    if (outage !== null) onNotification()
  }

  /** Returns whether the hosts have changed. */
  async #note(host: RosterHost | null): Promise<boolean> {
    const { db, now } = this.#parts
    const known = this.#host
    const isKnown = host === null || (known?.id === host.id && known.url === host.url)
    if (isKnown && (known === null || now() - known.at < notedMs)) return false
    if (host === null) return false
    await db.batch(noteHost(host))
    this.#host = { ...host, at: now() }
    return !isKnown
  }

  async #roster(): Promise<HostRoster> {
    const { db, policy, publicUrl, io, secrets, hostSecret, now } = this.#parts
    const stored = await channelStore.listStored(db)
    const facts = await readFacts(db, now())
    const { plans, shifts } = policy.after === 0 ? { plans: [], shifts: [] } : plansOf(facts, now())
    const used = new Set(
      plans.flatMap((plan) => plan.flatMap((step) => step.recipients.flatMap(namesOf))),
    )
    const { mail, commands } = io
    const channels = stored
      .filter(({ name }) => used.has(name))
      .map(({ name, kind, settings }) => {
        const text = secrets.open(channelStore.sealedAs(name), settings)
        return [name, { kind, settings: JSON.parse(text) as unknown }] as const
      })
    return {
      ...{ ...policy, publicUrl, recorded: null, plans, shifts, commands },
      mail: channels.some(([, { kind }]) => kind === 'email') ? mail : null,
      alert: used.size === 0 ? null : await reserveOutage(db),
      channels: Object.fromEntries(channels),
      ...{ hosts: await listHosts(db), secret: hostSecret() },
    }
  }

  async #record(outage: Outage): Promise<void> {
    const time = (ms: number): string => new Date(ms).toISOString().slice(11, 19)
    const { since, began, ended } = outage
    const reason =
      `no server answered from ${time(since)} to ${time(ended ?? began)} UTC; ` +
      `the host notified people itself from ${time(began)} UTC on`
    await this.#parts.db.batch([...recordOutage(outage, reason), announceEnd(outage.alert)])
  }
}

const namesOf = ({ channel, others }: { channel: string; others: string[] }): string[] => [
  channel,
  ...others,
]

interface RosterFacts {
  channels: Channel[]
  team: oncall.StoredTeam | null
  rotas: { name: string; shifts: { until: number; person: string | null }[] }[]
}

async function readFacts(db: Database, now: number): Promise<RosterFacts> {
  const [channels, teams, rotas, overrides] = await Promise.all([
    channelStore.listChannels(db),
    oncall.listTeams(db),
    oncall.listRotas(db),
    oncall.listOverrides(db, null, now),
  ])
  return {
    channels,
    team: teams.find(({ name }) => name === defaultTeam) ?? null,
    rotas: rotas.map((rota) => {
      const own = overrides.filter((one) => one.rota === rota.name).map(oncall.spanOf)
      return { name: rota.name, shifts: shiftsOf(rota, own, { from: now, until: now + aheadMs }) }
    }),
  }
}

/** The steps of the default team for every time in which the same people are on call. Pure. */
export function plansOf(
  { channels, team, rotas }: RosterFacts,
  now: number,
): Pick<HostRoster, 'plans' | 'shifts'> {
  const end = now + aheadMs
  const bounds = rotas.flatMap(({ shifts }) => shifts.map(({ until }) => Math.min(until, end)))
  const times = [...new Set([...bounds, end])].filter((at) => at > now).toSorted((a, b) => a - b)
  const plans: RosterPlan[] = []
  const known = new Map<string, number>()
  const shifts = times.map((until, at) => {
    const from = times[at - 1] ?? now
    const onCall = new Map(
      rotas.map((rota) => [rota.name, rota.shifts.find((one) => one.until > from)?.person ?? null]),
    )
    const key = JSON.stringify([...onCall.values()])
    const plan = known.get(key) ?? plans.push(planOf({ channels, team, onCall })) - 1
    known.set(key, plan)
    return { until, plan }
  })
  return { plans, shifts }
}

function planOf(facts: Pick<StepFacts, 'channels' | 'team' | 'onCall'>): RosterPlan {
  const all: StepFacts = {
    ...{ ...facts, urgency: 'high', suspects: [], passed: new Set() },
    ...{ waitsUntil: null, isAtOnce: false },
  }
  const steps: RosterPlan = []
  for (let step = 0; step < mostSteps; step += 1) {
    const { recipients, pause } = planStep(step, all)
    steps.push({
      recipients: recipients.map((one) => ({ ...one, others: othersOf(one, facts.channels) })),
      pause,
    })
    if (pause === null) break
  }
  return steps
}

/** The channels of the person that follow, in the order in which they are tried. */
function othersOf(recipient: Recipient, channels: readonly Channel[]): string[] {
  const found: string[] = []
  for (let channel = recipient.channel; ;) {
    const tried = [recipient.channel, ...found]
    const next = nextChannel({ ...recipient, channel }, 'high', channels, tried)
    if (next === null) return found
    found.push(next)
    channel = next
  }
}
