import { z } from 'zod'

export const forgeKinds = ['github', 'gitlab', 'gitea', 'forgejo', 'bitbucket'] as const
export type ForgeKind = (typeof forgeKinds)[number]

/**
 * The forge that has an app's repository, and is told what becomes of its commits. Times are ISO
 * 8601 UTC.
 */
export const forge = z.object({
  app: z.string(),
  kind: z.enum(forgeKinds),
  /** of its API */
  url: z.string(),
  /** as the forge names it, OWNER/NAME */
  repository: z.string(),
  /** of the GitHub App that it is told as; null for a token */
  appId: z.string().nullable(),
  created: z.string(),
  /** it is not asked before this, because it said so or did not answer */
  paused: z.string().nullable(),
  problem: z.string().nullable(),
})
export type Forge = z.infer<typeof forge>

/** One thing that a forge was told. */
export const forgeReport = z.object({
  /** `commit/SHA/NAME` or `deployment/ID` */
  subject: z.string(),
  state: z.string(),
  told: z.string(),
  /** why the forge does not take it */
  problem: z.string().nullable(),
})
export type ForgeReport = z.infer<typeof forgeReport>

/** The API of a forge that is run for everybody. */
export const publicForges: Partial<Record<ForgeKind, string>> = {
  github: 'https://api.github.com',
  gitlab: 'https://gitlab.com',
  bitbucket: 'https://api.bitbucket.org/2.0',
}

const repositoryName = z
  .string()
  .max(300)
  .regex(/^[\w.~-]+(\/[\w.~-]+)+$/, 'must be OWNER/NAME')
  .refine((text) => !text.split('/').some((part) => /^\.+$/.test(part)), 'must be OWNER/NAME')

/** What connects an app to its forge. */
export const newForge = z
  .object({
    kind: z.enum(forgeKinds),
    url: z
      .url({
        protocol: /^https?$/,
        error: 'must be an address that begins with https:// or http://',
      })
      .refine(
        (text) => !URL.canParse(text) || new URL(text).username === '',
        'must not hold a user; give the token',
      )
      .optional(),
    repository: repositoryName,
    /** of a GitHub App; its private key is the token then */
    appId: z
      .string()
      .regex(/^\d{1,12}$/, 'must be the number of a GitHub App')
      .optional(),
    token: z.string().min(1).max(8000),
  })
  .refine(({ appId, token }) => appId !== undefined || /^[\x21-\x7e]+$/.test(token), {
    path: ['token'],
    error: 'must be one word of ASCII',
  })
  .refine(({ appId, kind }) => appId === undefined || kind === 'github', {
    path: ['appId'],
    error: 'is for GitHub alone; other forges take a token',
  })
  .refine(({ kind, url }) => url !== undefined || publicForges[kind] !== undefined, {
    path: ['url'],
    error: 'must say where the API of this forge is, such as https://git.example.com',
  })
