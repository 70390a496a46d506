import { z } from 'zod'
import { runStates } from '#contract/run/run.ts'

export const pullRequestStates = ['open', 'merged', 'closed'] as const

/** The name of a pull request's preview environment. */
export const previewName = (number: number): string => `pr-${number}`
export const isPreviewName = (environment: string): boolean => /^pr-\d+$/.test(environment)

/** A pull request into the delivered branch. Times are ISO 8601 UTC. */
export const pullRequest = z.object({
  app: z.string(),
  number: z.number().int(),
  title: z.string(),
  author: z.string(),
  state: z.enum(pullRequestStates),
  isDraft: z.boolean(),
  /** head; null until it is fetched */
  sha: z.string().nullable(),
  branch: z.string(),
  /** repository of the head, when it is a fork; null otherwise */
  fork: z.string().nullable(),
  base: z.string(),
  /** page at the forge */
  url: z.string().nullable(),
  created: z.string(),
  /** latest activity */
  active: z.string(),
  closed: z.string().nullable(),
  /** why it was closed, or why its head does not run */
  reason: z.string().nullable(),
  /** its head needs an approval to run, or to run with secrets */
  asksApproval: z.boolean(),
  approved: z.object({ sha: z.string(), by: z.string() }).nullable(),
  /** its newest run */
  run: z
    .object({
      id: z.number().int(),
      sha: z.string(),
      state: z.enum(runStates),
      isTrusted: z.boolean(),
    })
    .nullable(),
  preview: z
    .object({
      environment: z.string(),
      /** address; null until a release is live there */
      url: z.string().nullable(),
      /** the live commit */
      sha: z.string().nullable(),
      since: z.string().nullable(),
    })
    .nullable(),
})
export type PullRequest = z.infer<typeof pullRequest>

/** The last sync of an app's pull requests. */
export const pullRequestSync = z.object({
  /** time of the last successful sync; null before the first */
  looked: z.string().nullable(),
  /** why the sync fails now */
  problem: z.string().nullable(),
  /** number of previews */
  previews: z.number().int(),
})

/** A pull request as its forge reports it. */
export interface ForgePullRequest {
  number: number
  title: string
  author: string
  state: 'open' | 'merged' | 'closed'
  isDraft: boolean
  /** source branch */
  branch: string
  /**
   * repository of the head, when it is a fork: a URL to fetch from at a forge without refs for
   * heads, otherwise a name
   */
  fork: string | null
  base: string
  /** ref of the head in the repository */
  ref: string
  /** page at the forge */
  url: string | null
}
