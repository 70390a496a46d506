import { z } from 'zod'

/** From the least harm to the most. */
export const severities = ['minor', 'major', 'critical'] as const
export type Severity = (typeof severities)[number]

/** `over`: the harm has ended, and it is the same incident if it comes back within an hour. */
export const incidentStates = ['open', 'mitigated', 'over', 'closed'] as const

/** The commander decides; the communicator informs customers and colleagues. */
export const incidentRoles = ['commander', 'communicator'] as const
export type IncidentRole = (typeof incidentRoles)[number]

/**
 * Harm that customers feel, with one cause. Times are ISO 8601 UTC, and null until it came to that;
 * none is before the one above it, except that an incident can be mitigated before a person has
 * acknowledged or declared it.
 */
export const incident = z.object({
  id: z.number().int(),
  /** null when it is about the installation */
  app: z.string().nullable(),
  environment: z.string().nullable(),
  /** null when it is about the whole environment */
  service: z.string().nullable(),
  title: z.string(),
  reason: z.string(),
  state: z.enum(incidentStates),
  severity: z.enum(severities),
  /** who set the severity; null while it is the proposed one */
  severityBy: z.string().nullable(),
  /** an alert, a person, or the rollback of a harmful release */
  openedBy: z.enum(['alert', 'person', 'rollback']),
  opener: z.string(),
  /** the deployment that explains it */
  deployment: z.number().int().nullable(),
  /** when the harm began, with a probability of 90 % */
  onset: z.object({ from: z.string(), until: z.string() }).nullable(),
  detected: z.string(),
  /** when a person had it first */
  acknowledged: z.string().nullable(),
  /** when a person said that it is an incident */
  declared: z.string().nullable(),
  /** when something was done that stops the harm */
  mitigated: z.string().nullable(),
  mitigation: z.string().nullable(),
  /** when the harm ended */
  over: z.string().nullable(),
  /** why it counts as over, and how often that is wrong */
  proof: z.string().nullable(),
  closed: z.string().nullable(),
  closedBy: z.string().nullable(),
  commander: z.string().nullable(),
  communicator: z.string().nullable(),
  /** how often it began */
  occurrence: z.number().int(),
  /** the incident that it became a part of; it is closed then */
  mergedInto: z.number().int().nullable(),
})
export type Incident = z.infer<typeof incident>

export const changeKinds = [
  ...(['delivery', 'configuration', 'rollback', 'external', 'drift'] as const),
  ...(['job', 'machine', 'playbook', 'switch', 'certificate', 'restart', 'scale'] as const),
  ...(['experiment', 'dependency'] as const),
] as const
export type ChangeKind = (typeof changeKinds)[number]

/** Something that changed before an incident began. */
export const incidentChange = z.object({
  id: z.number().int(),
  /** from 1, the most likely first, as it was when the incident opened */
  place: z.number().int(),
  kind: z.enum(changeKinds),
  /** its number or name, by its kind: that of a deployment, of a job, of a switch */
  ref: z.string(),
  app: z.string().nullable(),
  environment: z.string().nullable(),
  text: z.string(),
  /** why it is a suspect, in one sentence without its full stop */
  reason: z.string(),
  /** that it is the cause, from 0 to 1; null for incidents before this was computed */
  confidence: z.number().nullable(),
  time: z.string(),
  /** who said that it is the cause; null when nobody did */
  confirmedBy: z.string().nullable(),
})
export type IncidentChange = z.infer<typeof incidentChange>

/** How often the ranking was right, of the incidents whose cause a person confirmed. */
export const rankingRecord = z.object({
  /** incidents with something that changed before */
  ranked: z.number().int(),
  /** those whose cause was confirmed */
  confirmed: z.number().int(),
  /** those in which it was the first, and one of the first three */
  first: z.number().int(),
  firstThree: z.number().int(),
})
export type RankingRecord = z.infer<typeof rankingRecord>

/** One line of the timeline of an incident, from the event log or from its messages. */
export const incidentEntry = z.object({
  time: z.string(),
  kind: z.enum(['event', 'note', 'message']),
  tone: z.string(),
  actor: z.string(),
  text: z.string(),
  /** the console's page on it */
  page: z.string().nullable(),
})
export type IncidentEntry = z.infer<typeof incidentEntry>

export const incidentAlert = z.object({
  id: z.number().int(),
  title: z.string(),
  reason: z.string(),
  opened: z.string(),
  resolved: z.string().nullable(),
})
export type IncidentAlert = z.infer<typeof incidentAlert>

/** The review of an earlier incident of the same place, in which the same kind of alert fired. */
export const earlierReview = z.object({
  incident: z.number().int(),
  title: z.string(),
  detected: z.string(),
  audience: z.enum(['draft', 'inside', 'outside']),
  /** its actions that are not proven */
  unproven: z.number().int(),
})
export type EarlierReview = z.infer<typeof earlierReview>

/** Something that may stop the harm. A restart is refused if its rehearsal fails. */
export const mitigation = z.object({
  kind: z.enum(['rollback', 'switch', 'restart', 'scale', 'drain', 'maintenance']),
  /** the name of the switch, the service, or the host; null for the others */
  name: z.string().nullable(),
  /** what it does, without its subject and full stop */
  text: z.string(),
  /** whether it undoes the first suspect */
  isProposed: z.boolean(),
})
export type Mitigation = z.infer<typeof mitigation>

export const incidentDetail = incident.extend({
  /** the incidents that became a part of it */
  merged: z.array(z.number().int()),
  alerts: z.array(incidentAlert),
  /** while the harm goes on; the proposed one first */
  mitigations: z.array(mitigation),
  /**
   * why Fairlead does not act by itself, without its subject and full stop; null when it does, and
   * where fairlead.yaml does not ask it to
   */
  unautomatic: z.string().nullable(),
  /** the most likely cause first */
  changes: z.array(incidentChange),
  /** oldest first */
  timeline: z.array(incidentEntry),
  /** whether it has a review that the caller may read */
  hasReview: z.boolean(),
  /** newest first, at most 5; not only incidents that are closed */
  earlier: z.array(earlierReview),
})
export type IncidentDetail = z.infer<typeof incidentDetail>
