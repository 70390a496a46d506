import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { because } from '#contract/event/words.ts'
import { actionStates, reviewAudiences } from './review.ts'

const data = { environment: z.string().nullable(), title: z.string() }
const ofAction = {
  ...data,
  action: z.number().int(),
  what: z.string(),
  owner: z.string(),
}

const titleOf = ({ data: { title } }: { data: { title?: string | undefined } }): string =>
  title || 'an incident'
const whatOf = ({ data: { what } }: { data: { what?: string | undefined } }): string =>
  what || 'something'
const page = ({ id }: { id: string }): string | null =>
  /^\d+$/.test(id) ? `/incidents/${id}/review` : null

const example = {
  ...{ subject: 'review/3', app: 'shop', actor: 'Ada' },
  data: { environment: 'production', title: 'web fails requests in production' },
}
const actionExample = {
  ...example,
  data: { ...example.data, action: 7, what: 'Test the recharge', owner: 'Eve' },
}

const ofIssue = {
  ...ofAction,
  /** of the issue at the Git provider */
  url: z.string().nullable(),
}
const issueExample = {
  ...{ subject: 'review/3', app: 'shop' },
  data: { ...actionExample.data, url: 'https://git.example.com/acme/shop/issues/12' },
}

/** What people and Fairlead do about reviews. */
export const reviewEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-review.created',
    version: '0.1.0',
    data,
    sentence: (event) => `${event.actor} began the review of ${titleOf(event)}`,
    tone: 'fact',
    page,
    example,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-review.changed',
    version: '0.1.0',
    data: { ...data, version: z.number().int(), sections: z.array(z.string()) },
    sentence: (event) =>
      `${event.actor} changed the review of ${titleOf(event)}` +
      because(event.data.sections?.join(', ')),
    tone: 'fact',
    page,
    example: { ...example, data: { ...example.data, version: 2, sections: ['summary'] } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-review.published',
    version: '0.1.0',
    data: { ...data, version: z.number().int(), audience: z.enum(reviewAudiences) },
    sentence: (event) => {
      const of = `the review of ${titleOf(event)}`
      if (event.data.audience === 'draft') return `${event.actor} made ${of} a draft again`
      return `${event.actor} published ${of} ${event.data.audience ?? 'inside'}`
    },
    tone: 'fact',
    page,
    example: { ...example, data: { ...example.data, version: 2, audience: 'inside' as const } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-review.actionadded',
    version: '0.1.0',
    data: { ...ofAction, due: z.string() },
    sentence: (event) =>
      `${event.actor} added an action for ${event.data.owner ?? 'nobody'} to the review of ` +
      `${titleOf(event)}${because(event.data.what)}`,
    tone: 'fact',
    page,
    example: { ...actionExample, data: { ...actionExample.data, due: '2026-12-14' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-review.actionchanged',
    version: '0.1.0',
    data: { ...ofAction, due: z.string() },
    sentence: (event) =>
      `${event.actor} changed an action of the review of ${titleOf(event)}` +
      because(event.data.what),
    tone: 'fact',
    page,
    example: { ...actionExample, data: { ...actionExample.data, due: '2026-12-14' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-review.actionremoved',
    version: '0.1.0',
    data: { ...ofAction, reason: z.string() },
    sentence: (event) =>
      `${event.actor} removed the action “${whatOf(event)}” of the review of ` +
      titleOf(event) +
      because(event.data.reason),
    tone: 'stopped',
    page,
    example: { ...actionExample, data: { ...actionExample.data, reason: 'the job is gone' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-review.actionproven',
    version: '0.1.0',
    data: { ...ofAction, reason: z.string() },
    sentence: (event) =>
      `The action “${whatOf(event)}” of the review of ${titleOf(event)} is proven` +
      because(event.data.reason),
    tone: 'good',
    page,
    example: {
      ...{ subject: 'review/3', app: 'shop' },
      data: { ...actionExample.data, reason: 'the test “recharges once” passes' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-review.actionreopened',
    version: '0.1.0',
    data: { ...ofAction, state: z.enum(actionStates), reason: z.string() },
    sentence: (event) =>
      `The action “${whatOf(event)}” of the review of ${titleOf(event)} is no longer proven` +
      because(event.data.reason),
    tone: 'bad',
    page,
    example: {
      ...{ subject: 'review/3', app: 'shop' },
      data: {
        ...{ ...actionExample.data, state: 'open' as const },
        reason: 'the test “recharges once” fails',
      },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-review.issuerequested',
    version: '0.1.0',
    data: ofAction,
    sentence: (event) =>
      `${event.actor} requested an issue for the action “${whatOf(event)}” of the review of ` +
      titleOf(event),
    tone: 'fact',
    page,
    example: actionExample,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-review.issuecreated',
    version: '0.1.0',
    data: ofIssue,
    sentence: (event) =>
      `Fairlead created an issue for the action “${whatOf(event)}” of the review of ` +
      titleOf(event),
    tone: 'fact',
    page,
    example: issueExample,
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-review.issuereopened',
    version: '0.1.0',
    data: ofIssue,
    sentence: (event) =>
      `Somebody closed the issue of the action “${whatOf(event)}”, which is not proven: ` +
      'Fairlead opened it again',
    tone: 'warn',
    page,
    example: issueExample,
  }),
] as const
