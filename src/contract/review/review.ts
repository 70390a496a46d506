import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { incidentEntry, incidentStates, severities } from '#contract/incident/incident.ts'

/** Who may read a review: people who may change the app, everybody who sees it, or the public. */
export const reviewAudiences = ['draft', 'inside', 'outside'] as const
export type ReviewAudience = (typeof reviewAudiences)[number]

/**
 * The sections of a review in their order, each with the question that it answers. The questions
 * ask how things looked at the time, not whose fault it was.
 */
export const reviewSections = {
  summary: {
    title: 'Summary',
    question: 'What happened, for somebody who was not there?',
  },
  impact: {
    title: 'Impact',
    question: 'Whom did it hit, and how did they notice?',
  },
  changes: {
    title: 'What changed',
    question: 'What made the change look right to the people who made it?',
  },
  detection: {
    title: 'Detection',
    question: 'What would have shown it earlier, and who could have seen it?',
  },
  response: {
    title: 'Response',
    question: 'What did people see at each step, and what made sense to them at the time?',
  },
  luck: {
    title: 'Luck',
    question: 'What went well only by luck, and what would have happened without it?',
  },
  lessons: {
    title: 'Lessons',
    question: 'What do we know about the system now that surprised us?',
  },
  customers: {
    title: 'For customers',
    question: 'What should customers read about it? Only this section is published outside.',
  },
} as const
export type ReviewSectionName = keyof typeof reviewSections
export const reviewSectionNames = Object.keys(reviewSections) as ReviewSectionName[]

/** Markdown of people. */
export const sectionText = z.string().max(20_000)

export const reviewSection = z.object({
  name: z.enum(reviewSectionNames),
  title: z.string(),
  question: z.string(),
  /** what Fairlead knows of it from the incident, one sentence each, without Markdown */
  facts: z.array(z.string()),
  /** what people wrote, as Markdown */
  text: sectionText,
})
export type ReviewSection = z.infer<typeof reviewSection>

const label = z.string().trim().min(1).max(500)

/** What proves an action: it failed since the incident began, and it passes now. */
export const actionProof = z.discriminatedUnion('kind', [
  /** also an invariant that turns a switch off */
  z.object({ kind: z.literal('monitor'), environment: name, name: label }),
  z.object({ kind: z.literal('rehearsal'), environment: name, service: label }),
  z.object({ kind: z.literal('experiment'), environment: name, name: label }),
  /** what runs there is what is declared */
  z.object({ kind: z.literal('drift'), environment: name }),
  z.object({ kind: z.literal('gate'), name: label }),
  z.object({ kind: z.literal('step'), name: label }),
  /** its name in the reports, or `suite › name` */
  z.object({ kind: z.literal('test'), name: label }),
])
export type ActionProof = z.infer<typeof actionProof>
export const proofKinds = [
  ...(['monitor', 'rehearsal', 'experiment', 'drift', 'gate', 'step', 'test'] as const),
] as const

/** What proves an action, in words. */
export function proofText(proof: ActionProof): string {
  if (proof.kind === 'rehearsal') return `the rehearsal of ${proof.service} in ${proof.environment}`
  if (proof.kind === 'drift') return `the check of the drift in ${proof.environment}`
  const place = 'environment' in proof ? ` in ${proof.environment}` : ''
  return `the ${proof.kind} ${proof.name}${place}`
}

/** `unknown`: there is no data on what proves it. Only `proven` closes an action. */
export const actionStates = ['open', 'proven', 'unknown'] as const
export type ActionState = (typeof actionStates)[number]

/** Something to do, so that the same cannot happen again unnoticed. */
export const reviewAction = z.object({
  id: z.number().int(),
  title: z.string(),
  /** a user */
  owner: z.string(),
  /** the last day, `2026-12-14`, UTC */
  due: z.string(),
  proof: actionProof,
  state: z.enum(actionStates),
  /** why it is in this state, in one sentence without its full stop */
  reason: z.string(),
  /** when the state began */
  since: z.string(),
  /** when its proof was first seen to fail since the incident began; null: not yet */
  failed: z.string().nullable(),
  isOverdue: z.boolean(),
  /** its issue at the Git provider of the app; null when nobody has requested one */
  issue: z
    .object({
      /** null until it is created */
      number: z.number().int().nullable(),
      url: z.string().nullable(),
      /** why the Git provider refused the last change */
      problem: z.string().nullable(),
    })
    .nullable(),
})
export type ReviewAction = z.infer<typeof reviewAction>

/** The review of an incident. Times are ISO 8601 UTC. */
export const review = z.object({
  /** the number of the incident; it has one review */
  incident: z.number().int(),
  app: z.string().nullable(),
  environment: z.string().nullable(),
  service: z.string().nullable(),
  title: z.string(),
  severity: z.enum(severities),
  /** of the incident */
  state: z.enum(incidentStates),
  detected: z.string(),
  begun: z.string(),
  begunBy: z.string(),
  /** from 1; grows with each change of the sections */
  version: z.number().int(),
  edited: z.string().nullable(),
  editedBy: z.string().nullable(),
  audience: z.enum(reviewAudiences),
  published: z.string().nullable(),
  publishedBy: z.string().nullable(),
  actions: z.object({
    total: z.number().int(),
    proven: z.number().int(),
    overdue: z.number().int(),
  }),
})
export type Review = z.infer<typeof review>

export const reviewDetail = review.extend({
  sections: z.array(reviewSection),
  actionList: z.array(reviewAction),
  /** the timeline of the incident, oldest first */
  timeline: z.array(incidentEntry),
  /** all of it as Markdown, in the form that a change takes */
  markdown: z.string(),
  /** the Markdown that the public may read, as it was published; null when it is not outside */
  outside: z.string().nullable(),
})
export type ReviewDetail = z.infer<typeof reviewDetail>
