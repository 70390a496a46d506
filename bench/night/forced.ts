import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '#contract/client.ts'
import type { IncidentDetail } from '#contract/incident/incident.ts'
import type { Installation } from '../../test/support/installation.ts'
import { waitFor } from '../../test/support/wait.ts'
import { timesCharged, type Cards, type Charge } from './cards.ts'
import { type Delivered, place } from './delivered.ts'
import { ask } from './load.ts'

/** What readers of the status page see of the app. */
interface Shown {
  /** milliseconds since 1970 */
  at: number
  state: string
  text: string
}

/** What came of a forced restart. Times are in milliseconds since 1970. */
export interface Forced {
  restarted: number
  /** charges that were made with the balances gone */
  wrong: Charge[]
  switchedOff: number | null
  /** the first message to the owner of the recharge, and the one that says that it is off */
  alarmed: number | null
  paged: number | null
  /** when the status page first said that something is wrong */
  status: Shown | null
  /** what the status page said at the end */
  lastStatus: Shown
  incident: IncidentDetail | null
  /** the accounts that the incident hit, for refunds */
  refunds: string[]
  /** what the draft of a review knows by itself, when the incident is closed */
  reviewFacts: string[]
  /** seconds without a charge at the end */
  quiet: number
}

/** Restarts Redis without a rehearsal, and watches what happens for some seconds. */
export async function restartForced(
  delivered: Delivered,
  { cards, seconds }: { cards: Cards; seconds: number },
): Promise<Forced> {
  const { installation } = delivered
  const { client } = installation
  const charged = cards.charges.length
  const restarted = Date.now()
  const body = { service: 'redis', force: true, reason: 'its load is high' }
  const restart = client.restartService({ params: place, body })
  let switchedOff: number | null = null
  let status: Forced['status'] = null
  while (Date.now() - restarted < seconds * 1000) {
    if (switchedOff === null && isSwitchOff(installation.home)) switchedOff = Date.now()
    const shown = await readStatus(installation)
    if (!['operational', 'unknown'].includes(shown.state)) status ??= shown
    await pause(50)
  }
  await restart
  const wrong = cards.charges.slice(charged)
  const { incidents } = await client.listIncidents({ query: { app: place.app } })
  const [incident] = incidents
  const pages = delivered.pages().filter(({ at }) => at >= restarted)
  return {
    ...{ restarted, wrong, switchedOff, status },
    ...{ lastStatus: await readStatus(installation), alarmed: pages[0]?.at ?? null },
    paged: pages.find(({ text }) => text.includes('turned off the switch'))?.at ?? null,
    incident: incident ? await client.getIncident({ params: { incident: incident.id } }) : null,
    reviewFacts: incident ? await closeAndReview(client, incident.id) : [],
    refunds: incident ? await hitAccounts(client, incident.id) : [],
    quiet: (Date.now() - (wrong.at(-1)?.at ?? restarted)) / 1000,
  }
}

/** As the app reads it. */
function isSwitchOff(home: string): boolean {
  const file = `host/switches/environments/${place.app}/${place.environment}/switches.json`
  const { switches } = JSON.parse(readFileSync(join(home, file), 'utf8')) as {
    switches: Record<string, { value: boolean }>
  }
  return switches['auto-recharge']?.value === false
}

async function readStatus({ edgePort: port }: Installation): Promise<Shown> {
  const at = Date.now()
  const { text } = await ask({ port, host: 'status.localhost' }, '/api/v2/summary.json')
  const { components } = JSON.parse(text) as {
    components: { status: string; description: string | null }[]
  }
  const [shown] = components
  return { at, state: shown?.status ?? 'unknown', text: shown?.description ?? '' }
}

/** The accounts that broke the rule, as the impact of an incident lists them. */
async function hitAccounts(client: Client, incident: number): Promise<string[]> {
  const { entities } = await client.getIncidentImpact({ params: { incident } })
  return entities.map(({ entity }) => entity)
}

/** Closes an incident, and waits for the draft of its review. */
async function closeAndReview(client: Client, incident: number): Promise<string[]> {
  const params = { incident }
  await client.closeIncident({ params, body: { comment: 'the night is over' } })
  let facts: string[] = []
  await waitFor('a review is drafted', async () => {
    const { sections } = await client.getReview({ params })
    facts = sections.flatMap((section) => section.facts)
    return true
  })
  return facts
}

/** The figures of a forced restart, in seconds, each with its target. */
export interface Figure {
  name: string
  /** null when it did not happen */
  value: number | null
  most: number
  unit: string
}

export function figuresOf(forced: Forced): Figure[] {
  const { restarted, wrong, paged, status, incident, refunds } = forced
  const after = (at: number | null | undefined): number | null =>
    at === null || at === undefined ? null : (at - restarted) / 1000
  const first = wrong[0]?.at
  const middle = incident?.onset && middleOf(incident.onset)
  const accounts = new Set(wrong.map(({ account }) => account))
  const listed = new Set(refunds)
  return [
    {
      name: 'restart to the last wrong charge',
      value: after(wrong.at(-1)?.at),
      most: 10,
      unit: 's',
    },
    {
      name: 'charges of one account beyond the first, at most',
      ...{ value: (timesCharged(wrong)[0]?.[1] ?? 1) - 1, most: 1, unit: '' },
    },
    { name: "restart to the owner's page", value: after(paged), most: 30, unit: 's' },
    { name: 'restart to a true status page', value: after(status?.at), most: 30, unit: 's' },
    {
      name: 'error of the estimated onset',
      value: middle && first ? Math.abs(middle - first) / 1000 : null,
      ...{ most: 5, unit: 's' },
    },
    {
      name: `accounts missing on the refund list of ${accounts.size}, or wrongly on it`,
      ...{ value: accounts.symmetricDifference(listed).size, most: 0, unit: '' },
    },
  ]
}

const middleOf = ({ from, until }: { from: string; until: string }): number =>
  (Date.parse(from) + Date.parse(until)) / 2
