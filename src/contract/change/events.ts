import { z } from 'zod'
import { defineEvent, type EventView } from '#contract/event/define-event.ts'
import { because, plural, shortSha } from '#contract/event/words.ts'

const sha = 'c0ffee'.padEnd(40, '0')
const repositoryOf = ({ app }: { app: string | null }) => ({ repository: { id: app ?? 'unknown' } })
const quoted = (subject: string | undefined): string =>
  subject === undefined ? 'a change' : `“${subject}”`

const mergedData = {
  /** The title of the pull request, or the first line of the commit message. */
  subject: z.string(),
  author: z.string(),
  /** For a commit on the delivered branch: the branch, and its previous commit. */
  branch: z.string().optional(),
  base: z.string().nullable().optional(),
  /** The commits that it brings besides this one, counted to 1,000; the newest 100 by id. */
  commits: z.number().int().optional(),
  earlier: z.array(z.string()).optional(),
  /** For a pull request. */
  pullRequest: z.number().int().optional(),
  reason: z.string().optional(),
}
const merged = ({ id, actor, data }: EventView<typeof mergedData>): string =>
  data.pullRequest === undefined
    ? `${data.author ?? actor} pushed ${quoted(data.subject)} (${shortSha(id)})` +
      (data.commits ? ` with ${plural(data.commits, 'earlier commit')}` : '')
    : `Pull request ${data.pullRequest} was merged: ${quoted(data.subject)}`

export const changeEvents = [
  defineEvent({
    type: 'dev.cdevents.change.created',
    version: '0.4.0',
    data: {
      pullRequest: z.number().int(),
      subject: z.string(),
      author: z.string(),
      branch: z.string(),
      base: z.string(),
      /** The repository of the head, if it is not the app's. */
      fork: z.string().nullable(),
      isAgain: z.boolean(),
    },
    sentence: ({ id, actor, data }) =>
      `${data.author ?? actor} opened pull request ${id}: ${quoted(data.subject)}`,
    tone: 'fact',
    content: (event) => ({
      ...repositoryOf(event),
      ...(event.data.subject === undefined ? {} : { description: event.data.subject }),
    }),
    example: {
      subject: 'pull-request/12',
      app: 'shop',
      actor: 'grace',
      data: {
        pullRequest: 12,
        subject: 'Round prices',
        author: 'grace',
        branch: 'round',
        base: 'main',
        fork: null,
        isAgain: false,
      },
    },
  }),
  defineEvent({
    type: 'dev.cdevents.change.updated',
    version: '0.3.0',
    data: {
      pullRequest: z.number().int(),
      subject: z.string(),
      author: z.string(),
      /** The new head, if it changed. */
      sha: z.string().optional(),
      was: z.string().optional(),
      /** The new metadata, if it changed. */
      branch: z.string().optional(),
      base: z.string().optional(),
      fork: z.string().nullable().optional(),
      isAgain: z.boolean().optional(),
    },
    sentence: ({ id, data }) => {
      if (data.isAgain) return `Pull request ${id} was reopened`
      return data.sha === undefined
        ? `The title, branch or state of pull request ${id} changed`
        : `Pull request ${id} has a new head, ${shortSha(data.sha)}`
    },
    tone: 'fact',
    content: repositoryOf,
    example: {
      subject: 'pull-request/12',
      app: 'shop',
      actor: 'grace',
      data: { pullRequest: 12, subject: 'Round prices', author: 'grace', sha, was: sha },
    },
  }),
  defineEvent({
    type: 'dev.cdevents.change.merged',
    version: '0.3.0',
    data: mergedData,
    sentence: merged,
    tone: ({ pullRequest }) => (pullRequest === undefined ? 'fact' : 'good'),
    content: repositoryOf,
    example: {
      subject: `change/${sha}`,
      app: 'shop',
      actor: 'Ada',
      data: { branch: 'main', base: null, subject: 'Round prices', author: 'Ada' },
    },
  }),
  defineEvent({
    type: 'dev.cdevents.change.abandoned',
    version: '0.3.0',
    data: {
      pullRequest: z.number().int(),
      subject: z.string(),
      author: z.string(),
      reason: z.string(),
    },
    sentence: ({ id, data }) => `Pull request ${id} was closed${because(data.reason)}`,
    tone: 'fact',
    content: repositoryOf,
    example: {
      subject: 'pull-request/12',
      app: 'shop',
      actor: 'grace',
      data: { pullRequest: 12, subject: 'Round prices', author: 'grace', reason: 'it was closed' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-change.held',
    version: '0.1.0',
    data: { environment: z.string(), reason: z.string() },
    sentence: ({ id, data }) =>
      `Change ${shortSha(id)} was rolled back in ` +
      `${data.environment ?? 'an environment'} and is held` +
      because(data.reason),
    tone: 'back',
    example: {
      subject: `change/${sha}`,
      app: 'shop',
      data: { environment: 'production', reason: 'its instances crashed' },
    },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-change.released',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} requested another delivery of change ${shortSha(id)}`,
    tone: 'fact',
    example: { subject: `change/${sha}`, app: 'shop', actor: 'Ada', data: {} },
  }),
] as const
