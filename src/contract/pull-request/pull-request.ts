import { z } from 'zod'
import { runStates } from '#contract/run/run.ts'

export const pullRequestStates = ['open', 'merged', 'closed'] as const

/** The environment of a pull request. */
export const previewName = (number: number): string => `pr-${number}`
export const isPreviewName = (environment: string): boolean => /^pr-\d+$/.test(environment)

/** What is proposed for the branch that is delivered. Times are ISO 8601 UTC. */
export const pullRequest = z.object({
  app: z.string(),
  number: z.number().int(),
  title: z.string(),
  author: z.string(),
  state: z.enum(pullRequestStates),
  isDraft: z.boolean(),
  /** its head; null until that was fetched */
  sha: z.string().nullable(),
  branch: z.string(),
  /** the repository of its head, when that is another */
  fork: z.string().nullable(),
  base: z.string(),
  /** its page at the forge */
  url: z.string().nullable(),
  created: z.string(),
  /** something happened to it */
  active: z.string(),
  closed: z.string().nullable(),
  /** why it was closed, or why its head is not run, in words */
  reason: z.string().nullable(),
  /** its head may not run yet, or not with secrets: somebody may approve it */
  asksApproval: z.boolean(),
  approved: z.object({ sha: z.string(), by: z.string() }).nullable(),
  /** the newest run of it */
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
      /** where it answers; null until something has the traffic there */
      url: z.string().nullable(),
      /** the commit that runs there */
      sha: z.string().nullable(),
      since: z.string().nullable(),
    })
    .nullable(),
})
export type PullRequest = z.infer<typeof pullRequest>

/** How well the pull requests of an app are known. */
export const pullRequestLook = z.object({
  /** when it was known for certain what is open; null when it never was */
  looked: z.string().nullable(),
  problem: z.string().nullable(),
  /** previews that there are */
  previews: z.number().int(),
})

/** A pull request as its forge tells of it. */
export interface ForgePullRequest {
  number: number
  title: string
  author: string
  state: 'open' | 'merged' | 'closed'
  isDraft: boolean
  /** of its head */
  branch: string
  /**
   * the repository of its head, when that is another: an address to fetch from where the forge
   * keeps no ref, else its name
   */
  fork: string | null
  base: string
  /** where its head is fetched from */
  ref: string
  /** its page */
  url: string | null
}
