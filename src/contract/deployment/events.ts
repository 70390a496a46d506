import { z } from 'zod'
import { defineEvent, type EventTone, type EventView } from '#contract/event/define-event.ts'
import { because, packageUrl } from '#contract/event/words.ts'
import { durationWords } from '#contract/time-words.ts'
import { decisionKinds } from './decision.ts'

const sha = 'c0ffee'.padEnd(40, '0')
const digest = `sha256:${'ab'.repeat(32)}`

/** The fields of every event of a deployment. */
export const deploymentFacts = {
  environment: z.string(),
  kind: z.enum(['delivery', 'configuration', 'rollback']),
  run: z.number().int(),
  release: z.number().int(),
  sha: z.string(),
}
const facts = { environment: 'staging', kind: 'delivery', run: 7, release: 21, sha } as const
const subject = 'deployment/9'

interface Placed {
  environment?: string | undefined
  kind?: 'delivery' | 'configuration' | 'rollback' | undefined
}
export const placeOf = ({ environment }: Placed): string => environment ?? 'an environment'
const nouns = {
  delivery: 'The release',
  configuration: 'The configuration',
  rollback: 'The rollback',
}
export const nounOf = ({ kind }: Placed): string => nouns[kind ?? 'delivery']

const ends: Record<string, [EventTone, string]> = {
  live: ['good', 'is live in'],
  failed: ['bad', 'was not deployed to'],
  cancelled: ['stopped', 'was cancelled before it was live in'],
  superseded: ['passed-over', 'was superseded before it was live in'],
  rolled_back: ['back', 'was rolled back as a canary in'],
}

const switched = {
  ...deploymentFacts,
  /** the deployment that had the traffic before */
  former: z.number().int().nullable(),
  /** the digest of the artifact */
  artifact: z.string().optional(),
}
const serviceContent = ({ app, data }: EventView<typeof switched>) => ({
  environment: { id: `environment/${app ?? 'unknown'}/${placeOf(data)}` },
  artifactId: packageUrl(app, data.artifact),
})
const switchedExample = {
  subject,
  app: 'shop',
  data: { ...facts, former: 8, artifact: digest },
} as const

export const deploymentEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-deployment.waiting',
    version: '0.1.0',
    data: { ...deploymentFacts, reason: z.string().optional() },
    sentence: ({ data }) => `${nounOf(data)} is queued for ${placeOf(data)}${because(data.reason)}`,
    tone: 'wait',
    example: { subject, app: 'shop', data: facts },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-deployment.decided',
    version: '0.1.0',
    data: {
      kind: z.enum(decisionKinds),
      comment: z.string(),
      environment: z.string(),
      run: z.number().int().nullable(),
    },
    sentence: ({ actor, data }) => {
      const verbs = {
        approve: 'approved the deployment to',
        refuse: 'refused the deployment to',
        override: 'overrode the freeze of',
      }
      const verb = data.kind === undefined ? 'decided on the deployment to' : verbs[data.kind]
      const place = placeOf({ environment: data.environment })
      return `${actor} ${verb} ${place}${because(data.comment)}`
    },
    tone: ({ kind }) => (kind === 'refuse' ? 'bad' : 'fact'),
    example: {
      subject,
      app: 'shop',
      actor: 'Ada',
      data: { kind: 'approve', comment: '', environment: 'production', run: 7 },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-deployment.started',
    version: '0.1.0',
    data: deploymentFacts,
    sentence: ({ data }) => `${nounOf(data)} is starting in ${placeOf(data)}`,
    tone: 'move',
    example: { subject, app: 'shop', data: facts },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-deployment.prepared',
    version: '0.1.0',
    data: {
      ...deploymentFacts,
      /** the command that ran before the services started */
      command: z.string(),
      state: z.enum(['succeeded', 'failed', 'unknown']),
      reason: z.string().nullable(),
      /** how long it ran, in milliseconds */
      ms: z.number(),
    },
    sentence: ({ data }) => {
      const command = `The command before the start in ${placeOf(data)}`
      return data.state === 'succeeded' ? `${command} succeeded` : `${command} did not succeed`
    },
    tone: ({ state }) => (state === 'succeeded' ? 'good' : state === 'unknown' ? 'unknown' : 'bad'),
    example: {
      subject,
      app: 'shop',
      data: { ...facts, command: 'npm run migrate', state: 'succeeded', reason: null, ms: 1200 },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-deployment.paused',
    version: '0.1.0',
    data: {
      ...deploymentFacts,
      service: z.string(),
      /** from the stop of the old process to a healthy new one, in milliseconds */
      pauseMs: z.number(),
    },
    sentence: ({ data }) => {
      const waited = data.pauseMs === undefined ? '' : ` for ${durationWords(data.pauseMs)}`
      const service = `${data.service ?? 'A service'} in ${placeOf(data)}`
      return `${service} was restarted; clients waited${waited}`
    },
    tone: 'fact',
    example: { subject, app: 'shop', data: { ...facts, service: 'redis', pauseMs: 1200 } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-deployment.healthy',
    version: '0.1.0',
    data: deploymentFacts,
    sentence: ({ data }) => `${nounOf(data)} is healthy in ${placeOf(data)}`,
    tone: 'good',
    example: { subject, app: 'shop', data: facts },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-deployment.verified',
    version: '0.1.0',
    data: deploymentFacts,
    sentence: ({ data }) => `${nounOf(data)} passed its verification in ${placeOf(data)}`,
    tone: 'good',
    example: { subject, app: 'shop', data: facts },
  }),
  defineEvent({
    type: 'dev.cdevents.service.deployed',
    version: '0.3.0',
    data: switched,
    sentence: ({ data }) =>
      `${nounOf(data)} receives the traffic of ${placeOf(data)}, as its first release`,
    tone: 'good',
    content: serviceContent,
    example: { ...switchedExample, data: { ...switchedExample.data, former: null } },
  }),
  defineEvent({
    type: 'dev.cdevents.service.upgraded',
    version: '0.3.0',
    data: switched,
    sentence: ({ data }) => `${nounOf(data)} now receives the traffic of ${placeOf(data)}`,
    tone: 'good',
    content: serviceContent,
    example: switchedExample,
  }),
  defineEvent({
    type: 'dev.cdevents.service.rolledback',
    version: '0.3.0',
    data: switched,
    sentence: ({ data }) =>
      data.environment === undefined
        ? 'An environment was rolled back to an earlier release'
        : `Environment ${data.environment} was rolled back to an earlier release`,
    tone: 'back',
    content: serviceContent,
    example: { ...switchedExample, data: { ...switchedExample.data, kind: 'rollback' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-deployment.finished',
    version: '0.1.0',
    data: {
      ...deploymentFacts,
      state: z.enum(['live', 'failed', 'cancelled', 'superseded', 'rolled_back']),
      reason: z.string().nullable(),
    },
    sentence: ({ data }) =>
      `${nounOf(data)} ${ends[data.state ?? '']?.[1] ?? 'ended in'} ${placeOf(data)}` +
      because(data.reason),
    tone: ({ state }) => ends[state ?? '']?.[0] ?? 'fact',
    example: {
      subject,
      app: 'shop',
      data: { ...facts, state: 'failed', reason: 'the verification failed' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-deployment.watched',
    version: '0.1.0',
    data: {
      environment: z.string(),
      outcome: z.enum(['healthy', 'harmful', 'unknown']),
      reason: z.string(),
      /** why a harmful release is not rolled back; absent when it is */
      stays: z.string().optional(),
    },
    sentence: ({ data }) => {
      const release = `The release in ${placeOf({ environment: data.environment })}`
      if (data.outcome === 'healthy') return `${release} stayed healthy while it was watched`
      if (data.outcome === 'harmful' && data.stays !== undefined)
        return `${release} did not stay healthy and is not rolled back${because(data.stays)}`
      if (data.outcome === 'harmful')
        return `${release} did not stay healthy and is being rolled back${because(data.reason)}`
      return `${release} was watched, but its host did not answer`
    },
    tone: ({ outcome }) =>
      outcome === 'healthy' ? 'good' : outcome === 'harmful' ? 'bad' : 'unknown',
    example: {
      subject,
      app: 'shop',
      data: { environment: 'production', outcome: 'healthy', reason: 'it stayed up' },
    },
  }),
] as const
