import { z } from 'zod'
import { deploymentFacts, nounOf, placeOf } from '#contract/deployment/events.ts'
import { defineEvent, type EventTone } from '#contract/event/define-event.ts'
import { because, percent } from '#contract/event/words.ts'
import { verdicts } from './verdict.ts'

const facts = {
  environment: 'production',
  kind: 'delivery',
  run: 7,
  release: 21,
  sha: 'c0ffee'.padEnd(40, '0'),
} as const
const subject = 'deployment/9'
/** A fraction from 0 to 1. */
const share = z.number()

const requests = (share: number | undefined): string =>
  share === undefined ? 'a share of the requests' : `${percent(share)} of the requests`
const page = ({ id }: { id: string }): string => `/deployments/${id}/canary`

const judged: Record<(typeof verdicts)[number], [EventTone, string]> = {
  healthy: ['good', 'is healthy'],
  harmful: ['bad', 'is harmful'],
  undecided: ['unknown', 'had too little data to be judged'],
}
const ends = {
  promoted: ' and was promoted',
  taken_back: ' and was rolled back',
  given_up: ' and was abandoned',
}

export const verdictEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-verdict.started',
    version: '0.1.0',
    data: {
      ...deploymentFacts,
      share,
      /** The release that the canary is compared with. */
      baseline: z.number().int(),
      /** The baseline runs on new instances. */
      fresh: z.boolean(),
    },
    sentence: ({ data }) =>
      `${nounOf(data)} is a canary in ${placeOf(data)} with ${requests(data.share)}`,
    tone: 'move',
    page,
    example: { subject, app: 'shop', data: { ...facts, share: 0.05, baseline: 20, fresh: false } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-verdict.shared',
    version: '0.1.0',
    data: { ...deploymentFacts, share },
    sentence: ({ data }) => `The canary in ${placeOf(data)} now receives ${requests(data.share)}`,
    tone: 'move',
    page,
    example: { subject, app: 'shop', data: { ...facts, share: 0.25 } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-verdict.waiting',
    version: '0.1.0',
    data: { ...deploymentFacts, reason: z.string() },
    sentence: ({ data }) =>
      `The canary in ${placeOf(data)} waits for a decision${because(data.reason)}`,
    tone: 'unknown',
    page,
    example: { subject, app: 'shop', data: { ...facts, reason: 'no request has arrived' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-verdict.promoterequested',
    version: '0.1.0',
    data: { environment: z.string(), run: z.number().int().nullable() },
    sentence: ({ actor, data }) =>
      `${actor} requested the promotion of the canary in ` +
      placeOf({ environment: data.environment }),
    tone: 'move',
    page,
    example: { subject, app: 'shop', actor: 'Ada', data: { environment: 'production', run: 7 } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-verdict.finished',
    version: '0.1.0',
    data: {
      ...deploymentFacts,
      verdict: z.enum(verdicts),
      state: z.enum(['promoted', 'taken_back', 'given_up']),
      reason: z.string(),
    },
    sentence: ({ data }) =>
      `The canary in ${placeOf(data)} ${judged[data.verdict ?? 'undecided'][1]}` +
      (data.state === undefined ? '' : ends[data.state]) +
      because(data.reason),
    tone: ({ verdict }) => judged[verdict ?? 'undecided'][0],
    page,
    example: {
      subject,
      app: 'shop',
      data: { ...facts, verdict: 'healthy', state: 'promoted', reason: 'more harm is excluded' },
    },
  }),
] as const
