import { actWords } from './act.ts'
import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'
import { incidentRoles, severities } from './incident.ts'

const data = {
  environment: z.string().nullable(),
  service: z.string().nullable(),
  title: z.string(),
  severity: z.enum(severities),
}
const detected = {
  ...data,
  reason: z.string(),
  /** the deployment that explains it */
  deployment: z.number().int().nullable(),
}

interface Shown {
  app: string | null
  data: {
    environment?: string | null | undefined
    service?: string | null | undefined
    title?: string | undefined
  }
}

const titleOf = ({ data: { title } }: { data: { title?: string | undefined } }): string =>
  title || 'something is wrong'
const contentOf = ({ app, data: { environment, service, title } }: Shown) => ({
  ...(title === undefined ? {} : { description: title }),
  environment: { id: `environment/${app ?? 'unknown'}/${environment ?? 'unknown'}` },
  ...(service ? { service: { id: service } } : {}),
})
const example = {
  subject: 'incident/3',
  app: 'shop',
  data: {
    ...{ environment: 'production', service: 'web', title: 'web fails requests in production' },
    severity: 'major' as const,
  },
}
const byAda = { ...example, actor: 'Ada' }
const page = ({ id }: { id: string }): string | null =>
  /^\d+$/.test(id) ? `/incidents/${id}` : null

export const incidentEvents = [
  defineEvent({
    type: 'dev.cdevents.incident.detected',
    version: '0.3.0',
    data: detected,
    sentence: (event) => `An incident began: ${titleOf(event)}${because(event.data.reason)}`,
    tone: 'bad',
    page,
    content: (event) => contentOf(event),
    example: { ...example, data: { ...example.data, reason: '4.2 % fail', deployment: 9 } },
  }),
  defineEvent({
    type: 'dev.cdevents.incident.reported',
    version: '0.3.0',
    data,
    sentence: (event) => `${event.actor} opened an incident: ${titleOf(event)}`,
    tone: 'bad',
    page,
    content: (event, { url }) => ({
      ...contentOf(event),
      ticketURI: `${url}/incidents/${event.id}`,
    }),
    example: byAda,
  }),
  defineEvent({
    type: 'dev.cdevents.incident.resolved',
    version: '0.3.0',
    data: { ...data, reason: z.string() },
    sentence: (event) => `The incident is over: ${titleOf(event)}${because(event.data.reason)}`,
    tone: 'good',
    page,
    content: (event) => contentOf(event),
    example: { ...example, data: { ...example.data, reason: 'its alert has ended' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-incident.reopened',
    version: '0.1.0',
    data: { ...data, reason: z.string() },
    sentence: (event) => `The incident came back: ${titleOf(event)}${because(event.data.reason)}`,
    tone: 'bad',
    page,
    example: { ...example, data: { ...example.data, reason: '9 % of the requests fail' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-incident.mitigated',
    version: '0.1.0',
    data: { ...data, mitigation: z.string() },
    sentence: (event) =>
      `The incident is mitigated: ${titleOf(event)}${because(event.data.mitigation)}`,
    tone: 'good',
    page,
    example: { ...example, data: { ...example.data, mitigation: 'deployment 12 rolled back' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-incident.acted',
    version: '0.1.0',
    data: {
      ...data,
      /** what it does, without its subject and full stop */
      act: z.string(),
      /** the suspect that it undoes */
      suspect: z.string(),
      /** that the suspect is the cause, from 0 to 1 */
      confidence: z.number(),
      /** why it was not done; null if it was */
      problem: z.string().nullable(),
    },
    sentence: ({ data: { act, suspect, confidence, problem } }) =>
      actWords({ act, suspect, confidence, problem }),
    tone: 'stopped',
    page,
    example: {
      ...example,
      data: {
        ...{ ...example.data, act: 'turns the switch mails off for everybody' },
        ...{ suspect: 'switch mails set to on by Ada', confidence: 0.93, problem: null },
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-incident.acknowledged',
    version: '0.1.0',
    data,
    sentence: (event) => `${event.actor} acknowledged the incident: ${titleOf(event)}`,
    tone: 'fact',
    page,
    example: byAda,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-incident.taken',
    version: '0.1.0',
    data: {
      ...data,
      role: z.enum(incidentRoles),
      /** null when nobody has the role any more */
      person: z.string().nullable(),
      was: z.string().nullable(),
    },
    sentence: ({ actor, data: { role, person, was } }) => {
      const of = `the role ${role ?? 'of somebody'} in an incident`
      if (typeof person !== 'string') return `${actor} gave up ${of}`
      if (person === actor) return `${actor} took ${of}${was ? ` from ${was}` : ''}`
      return `${actor} handed ${of} over to ${person}`
    },
    tone: 'fact',
    page,
    example: {
      ...byAda,
      data: { ...example.data, role: 'commander' as const, person: 'Ada', was: null },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-incident.noted',
    version: '0.1.0',
    data: { ...data, text: z.string() },
    sentence: (event) =>
      `${event.actor} noted on the incident ${titleOf(event)}${because(event.data.text)}`,
    tone: 'fact',
    page,
    example: { ...byAda, data: { ...example.data, text: 'the card processor is asked' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-incident.changed',
    version: '0.1.0',
    data: {
      ...data,
      /** what was confirmed as the cause; empty when no change was the cause */
      cause: z.string().optional(),
    },
    sentence: (event) =>
      event.data.cause === undefined
        ? `${event.actor} changed the incident: ${titleOf(event)}, ${event.data.severity ?? ''}`
        : `${event.actor} named the cause of the incident` +
          because(event.data.cause || 'none of the changes before it'),
    tone: 'fact',
    page,
    example: byAda,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-incident.merged',
    version: '0.1.0',
    data: {
      ...data,
      /** the incident that it became a part of */
      into: z.number().int(),
    },
    sentence: (event) =>
      `${event.actor} merged the incident ${event.id} into ` +
      `the incident ${event.data.into ?? ''}: ${titleOf(event)}`,
    tone: 'stopped',
    page,
    example: { ...byAda, data: { ...example.data, into: 2 } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-incident.closed',
    version: '0.1.0',
    data: { ...data, comment: z.string() },
    sentence: (event) =>
      `${event.actor} closed the incident: ${titleOf(event)}${because(event.data.comment)}`,
    tone: 'stopped',
    page,
    example: { ...byAda, data: { ...example.data, comment: 'the fix is live' } },
  }),
] as const
