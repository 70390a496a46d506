import { capitalized } from '#contract/event/words.ts'
import { type Impact, impactWords } from '#contract/incident/impact.ts'
import type { Incident, IncidentDetail } from '#contract/incident/incident.ts'
import {
  type ReviewSection,
  type ReviewSectionName,
  reviewSectionNames,
  reviewSections,
} from '#contract/review/review.ts'
import { durationWords } from '#contract/time-words.ts'
import type { Sections } from './markdown.ts'
import { moment } from './moment.ts'

type Facts = Pick<IncidentDetail, 'alerts' | 'changes' | 'timeline'> & Incident & { impact: Impact }

/** The sections of a review: what Fairlead knows of the incident, and what people wrote. */
export const sectionsOf = (incident: Facts, texts: Sections): ReviewSection[] =>
  reviewSectionNames.map((name) => ({
    ...{ name, title: reviewSections[name].title, question: reviewSections[name].question },
    facts: facts[name](incident),
    text: texts[name] ?? '',
  }))

const facts: Record<ReviewSectionName, (incident: Facts) => string[]> = {
  summary: ({ title, reason, severity, severityBy, ...incident }) => [
    title === reason ? `${title}.` : `${title}: ${reason}.`,
    `It was in ${placeOf(incident)}, and its severity is ${severity}` +
      (severityBy === null ? ', as proposed.' : `, says ${severityBy}.`),
    lasted(incident),
  ],
  impact: ({ impact, alerts, occurrence }) => [
    `${capitalized(impactWords(impact))}.`,
    ...alerts.map(({ title, reason }) => `${title}: ${reason}.`),
    ...(occurrence > 1 ? [`It began ${occurrence} times.`] : []),
  ],
  changes: ({ changes }) => changeFacts(changes),
  detection: detectionFacts,
  response: responseFacts,
  luck: () => [],
  lessons: () => [],
  customers: (incident) => [
    `It began at ${moment(beginOf(incident))}` +
      (incident.over === null ? ' and is not over.' : ` and ended at ${moment(incident.over)}.`),
  ],
}

const beginOf = ({ onset, detected }: Pick<Incident, 'onset' | 'detected'>): string =>
  onset?.from ?? detected

const placeOf = ({
  app,
  environment,
  service,
}: Pick<Incident, 'app' | 'environment' | 'service'>): string =>
  [app, environment, service].filter(Boolean).join('/') || 'the installation'

const after = (incident: Pick<Incident, 'onset' | 'detected'>, time: string): string =>
  `${durationWords(Date.parse(time) - Date.parse(beginOf(incident)))} after the onset`

function lasted(incident: Pick<Incident, 'onset' | 'detected' | 'over' | 'proof'>): string {
  const { over, proof } = incident
  const begin = `It began at ${moment(beginOf(incident))}`
  if (over === null) return `${begin}, and is not over.`
  const ms = Date.parse(over) - Date.parse(beginOf(incident))
  const why = proof === null ? '' : `: ${proof}`
  return `${begin}, and was over after ${durationWords(ms)}${why}.`
}

function changeFacts(changes: Facts['changes']): string[] {
  if (changes.length === 0) return ['Nothing that Fairlead knows of changed in the day before.']
  const confirmed = changes.find(({ confirmedBy }) => confirmedBy !== null)
  if (confirmed) return [`The cause, says ${confirmed.confirmedBy}: ${confirmed.text}.`]
  return changes
    .slice(0, 3)
    .map(
      ({ place, text, reason }) => `Suspect ${place}, which nobody confirmed: ${text} (${reason}).`,
    )
}

function detectionFacts(incident: Facts): string[] {
  const { alerts, detected, openedBy, opener } = incident
  const when = after(incident, detected)
  const [first] = alerts
  if (openedBy === 'alert' && first) return [`The alert “${first.title}” detected it ${when}.`]
  if (openedBy === 'rollback') return [`The watch of ${opener} detected it ${when}.`]
  const reported = `${capitalized(opener)} reported it ${when}.`
  return first
    ? [reported, `The alert “${first.title}” opened ${after(incident, first.opened)}.`]
    : [reported, 'No alert detected it.']
}

function responseFacts(incident: Facts): string[] {
  const { acknowledged, declared, mitigated, mitigation, commander, communicator } = incident
  const at = (verb: string, time: string | null, more = ''): string[] =>
    time === null ? [] : [`It was ${verb} ${after(incident, time)}${more}.`]
  return [
    ...(acknowledged === null ? ['Nobody acknowledged it.'] : []),
    ...at('acknowledged', acknowledged),
    ...at('declared', declared),
    ...at('mitigated', mitigated, mitigation === null ? '' : `: ${mitigation}`),
    ...(commander === null ? ['Nobody was commander.'] : [`${commander} was commander.`]),
    ...(communicator === null ? [] : [`${communicator} informed customers and colleagues.`]),
    ...messageFacts(incident.timeline),
  ]
}

function messageFacts(timeline: Facts['timeline']): string[] {
  const messages = timeline.filter(({ kind }) => kind === 'message')
  const failed = messages.filter(({ tone }) => tone === 'bad').length
  const sent = messages.length - failed
  return [
    ...(sent === 0 ? ['Fairlead told nobody about its alerts.'] : []),
    ...(sent > 0
      ? [`Fairlead sent ${sent === 1 ? '1 message' : `${sent} messages`} about it.`]
      : []),
    ...(failed > 0
      ? [`${failed === 1 ? '1 message was' : `${failed} messages were`} refused.`]
      : []),
  ]
}
