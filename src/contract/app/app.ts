import { z } from 'zod'

/** The name of an app, environment, service or step. It is part of host names, folders and URLs. */
export const name = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/,
    'must be 1–40 lower-case letters, digits and inner hyphens',
  )

/**
 * The repository of an app: `hosted` is a git remote of Fairlead, `path` a repository on the
 * machine of the server, `url` a remote that the server polls.
 */
export const repository = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hosted') }),
  z.object({ kind: z.literal('path'), path: z.string().min(1) }),
  z.object({ kind: z.literal('url'), url: z.string().min(1) }),
])
export type Repository = z.infer<typeof repository>

export const person = z.object({ name: z.string(), email: z.string() })

/**
 * A commit on the delivered branch. `base` is the head of the branch before it. Times are ISO 8601
 * UTC.
 */
export const change = z.object({
  app: z.string(),
  sha: z.string(),
  base: z.string().nullable(),
  branch: z.string(),
  subject: z.string(),
  author: person,
  committed: z.string(),
  received: z.string(),
  chain: z.string(),
})
export type Change = z.infer<typeof change>

export const app = z.object({
  name,
  repository,
  branch: z.string(),
  /** folder of the app in the repository; `.` is the root */
  folder: z.string(),
  /** URL for git: to fetch, and for a hosted repository to push */
  remote: z.string(),
  created: z.string(),
  /** why the repository cannot be read or lacks the branch at present, or null */
  problem: z.string().nullable(),
})
export type App = z.infer<typeof app>
