import { z } from 'zod'

/**
 * The name of an app, environment, service or step: it becomes a host name, a folder and a URL, so
 * it is strict.
 */
export const name = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/,
    'must be 1–40 lower-case letters, digits and inner hyphens',
  )

/**
 * Where an app's check-ins come from: `hosted` is Fairlead's own git remote, `path` a repository on
 * this machine, `url` a remote that is watched by polling.
 */
export const repository = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hosted') }),
  z.object({ kind: z.literal('path'), path: z.string().min(1) }),
  z.object({ kind: z.literal('url'), url: z.string().min(1) }),
])
export type Repository = z.infer<typeof repository>

export const person = z.object({ name: z.string(), email: z.string() })

/**
 * A commit on the branch that is delivered. `base` is the commit the branch was at before. Times
 * are ISO 8601 UTC.
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
  /** where in the repository it is; `.` is all of it */
  folder: z.string(),
  /** the address to `git push` to */
  remote: z.string(),
  created: z.string(),
  /** the last problem with reading its repository, if there is one now */
  problem: z.string().nullable(),
})
export type App = z.infer<typeof app>
