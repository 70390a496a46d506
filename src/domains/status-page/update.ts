import type { ComponentState, StatusPhase } from '#contract/status-page/status-page.ts'
import { type Hit, hitText } from './hit.ts'

/** An incident that is about a component of the page. Times are milliseconds since 1970. */
export interface IncidentFacts {
  id: number
  state: 'open' | 'mitigated' | 'over' | 'closed'
  /** how often it began */
  occurrence: number
  began: number
  mitigated: number | null
  over: number | null
  /** null when it is not known */
  hit: Hit | null
}

/** What the page shows of the component of an incident. */
export interface ComponentFacts {
  name: string
  state: ComponentState
  /** what fails, in sentences for customers that name the component; empty when nothing does */
  detail: string
  /** milliseconds for which words wait for a person */
  wait: number
}

export interface StoredUpdate {
  id: number
  occurrence: number
  state: 'draft' | 'published' | 'discarded'
  phase: StatusPhase
  title: string
  text: string
  /** of a draft: when it is published without a person; null when only a person publishes it */
  due: number | null
  promised: number | null
}

export interface Words {
  phase: StatusPhase
  title: string
  text: string
}

export type UpdateAction =
  | { kind: 'draft'; words: Words; due: number | null }
  /** the draft says something else now, or waits for something else */
  | { kind: 'reword'; id: number; words: Words; due: number | null }
  | { kind: 'publish'; id: number; words: Words }
  /** the incident ended before customers read of it, or a person said the same */
  | { kind: 'drop'; id: number }

const ranks: Record<StatusPhase, number> = {
  ...{ investigating: 0, identified: 1, monitoring: 2, resolved: 3 },
}

/**
 * What happens to the words about an incident: they are drafted from facts, wait for a person for
 * a limited time, and are then published. While the component shows no harm, there is no fact to
 * publish, and they wait for a person. An incident that ends before that is never published, so
 * that nobody gets a message about a flap. A repetition changes nothing. Pure.
 */
export function nextUpdate(
  incident: IncidentFacts,
  component: ComponentFacts,
  updates: readonly StoredUpdate[],
  now: number,
): UpdateAction | null {
  const draft = updates.find(({ state }) => state === 'draft')
  const words = draftOf(incident, component, updates)
  if (!words) return draft ? { kind: 'drop', id: draft.id } : null
  const due = isShown(component, updates) ? (draft?.due ?? now + component.wait) : null
  if (!draft) return { kind: 'draft', words, due }
  if (draft.due !== null && due !== null && due <= now)
    return { kind: 'publish', id: draft.id, words }
  const isSame = draft.phase === words.phase && draft.text === words.text
  return isSame && draft.title === words.title && draft.due === due
    ? null
    : { kind: 'reword', id: draft.id, words, due }
}

/** Whether customers read of the incident, or the component shows it. Unknown is not good. */
const isShown = ({ state }: ComponentFacts, updates: readonly StoredUpdate[]): boolean =>
  isPublic(updates) || (state !== 'operational' && state !== 'maintenance')

function isPublic(updates: readonly StoredUpdate[]): boolean {
  const last = updates.findLast(({ state }) => state === 'published')
  return last !== undefined && last.phase !== 'resolved'
}

/** The words that the facts call for; null when customers know all of it, or need not. Pure. */
export function draftOf(
  incident: IncidentFacts,
  component: ComponentFacts,
  updates: readonly StoredUpdate[],
): Words | null {
  const phase = phaseOf(incident)
  const published = updates.filter(({ state }) => state === 'published')
  if (phase === 'resolved' && !isPublic(updates)) return null
  // What a person wrote or discarded since it began last is not drafted again.
  const handled = updates.filter(
    (one) => one.state !== 'draft' && one.occurrence >= incident.occurrence,
  )
  if (handled.some((one) => ranks[one.phase] >= ranks[phase])) return null
  // Customers do not read of the correction of a problem that a person kept from them.
  if (phase === 'monitoring' && !isPublic(updates) && handled.length > 0) return null
  const isBack = published.length > 0 && handled.length === 0
  const title = published.at(-1)?.title ?? titleOf(component)
  return { phase, title, text: textOf(phase, incident, component, isBack) }
}

/** What is known about the phase of an incident. Only a person knows that its cause is found. */
export const phaseOf = ({ state }: Pick<IncidentFacts, 'state'>): StatusPhase =>
  state === 'open' ? 'investigating' : state === 'mitigated' ? 'monitoring' : 'resolved'

const titles: Partial<Record<ComponentState, string>> = {
  degraded: 'Degradation of',
  partial_outage: 'Partial outage of',
  major_outage: 'Major outage of',
}

/** The title of an incident for customers, without a person's words. */
export const titleOf = ({ name, state }: Pick<ComponentFacts, 'name' | 'state'>): string =>
  `${titles[state] ?? 'Problem with'} ${name}`

function textOf(
  phase: StatusPhase,
  { began, mitigated, over, hit }: IncidentFacts,
  { name, detail }: ComponentFacts,
  isBack: boolean,
): string {
  const of = plain(name)
  const hitWords = hitText(hit, phase === 'resolved')
  if (phase === 'monitoring')
    return `A correction of ${of} is in effect${
      mitigated === null ? '' : ` since ${time(mitigated)}`
    }.${hitWords} We observe whether the problem is over.`
  if (phase === 'resolved')
    return `The problem with ${of} is over. It began on ${time(began)}${
      over === null ? '' : ` and ended on ${time(over)}`
    }.${hitWords}`
  const what = detail === '' ? `There is a problem with ${of}; it began on ${time(began)}.` : detail
  return `${isBack ? 'The problem has come back. ' : ''}${what}${hitWords} We are investigating it.`
}

/** Text that Markdown does not change. */
export const plain = (text: string): string => text.replace(/[\\`*_{}[\]<>()#+!|~&]/g, '\\$&')

function time(ms: number): string {
  const iso = new Date(ms).toISOString()
  return `${iso.slice(0, 10)} at ${iso.slice(11, 16)} UTC`
}
