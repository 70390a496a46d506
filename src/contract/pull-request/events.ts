import { z } from 'zod'
import { defineEvent } from '#contract/event/define-event.ts'
import { shortSha } from '#contract/event/words.ts'

const sha = 'c0ffee'.padEnd(40, '0')
const about = { subject: 'pull-request/12', app: 'shop', actor: 'Ada' } as const

export const pullRequestEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-pullrequest.approved',
    version: '0.1.0',
    data: {
      pullRequest: z.number().int(),
      sha: z.string(),
      fork: z.string().nullable(),
    },
    sentence: ({ actor, id, data: { sha } }) =>
      `${actor} approved ${sha === undefined ? 'the head' : shortSha(sha)} of pull request ${id}`,
    tone: 'good',
    example: { ...about, data: { pullRequest: 12, sha, fork: 'mallory/shop' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-pullrequest.requested',
    version: '0.1.0',
    data: { pullRequest: z.number().int(), sha: z.string() },
    sentence: ({ actor, id }) => `${actor} requested a run of pull request ${id}`,
    tone: 'fact',
    example: { ...about, data: { pullRequest: 12, sha } },
  }),
] as const
