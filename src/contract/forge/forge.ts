import { z } from 'zod'
import { kinds } from './kinds.generated.ts'

/** Everything that sends webhooks: the forges, and senders without an API. */
export const senderKinds: readonly string[] = kinds.map(({ kind }) => kind)

const withApi = kinds.filter((one) => one.hasApi)
export type ForgeKind = (typeof withApi)[number]['kind']
/** The forges that Fairlead can call. */
export const forgeKinds: ForgeKind[] = withApi.map(({ kind }) => kind)

/** The forges in which Fairlead can create issues. */
export const issueForgeKinds: ForgeKind[] = withApi
  .filter(({ hasIssues }) => hasIssues)
  .map(({ kind }) => kind)

export const forgeTitles: string[] = withApi.map(({ title }) => title)
/** The forges without a public service, for which the address of the API is required. */
export const privateForgeTitles: string[] = kinds
  .filter(({ hasApi, publicUrl }) => hasApi && publicUrl === null)
  .map(({ title }) => title)

/** The forge that hosts the repository of an app. Times are ISO 8601 UTC. */
export const forge = z.object({
  app: z.string(),
  kind: z.enum(forgeKinds),
  /** of the API */
  url: z.string(),
  /** the name at the forge, OWNER/NAME */
  repository: z.string(),
  /** of the GitHub App that reports; null for a token */
  appId: z.string().nullable(),
  created: z.string(),
  /** time of the next request, while the forge asks for a pause or does not answer */
  paused: z.string().nullable(),
  problem: z.string().nullable(),
})
export type Forge = z.infer<typeof forge>

/** The latest report on a commit or on a deployment. */
export const forgeReport = z.object({
  /** `commit/SHA/NAME` or `deployment/ID` */
  subject: z.string(),
  state: z.string(),
  /** when it was reported */
  told: z.string(),
  /** why the forge refused it */
  problem: z.string().nullable(),
})
export type ForgeReport = z.infer<typeof forgeReport>

const repositoryName = z
  .string()
  .max(300)
  .regex(/^[\w.~-]+(\/[\w.~-]+)+$/, 'must be OWNER/NAME')
  .refine((text) => !text.split('/').some((part) => /^\.+$/.test(part)), 'must be OWNER/NAME')

const url = z
  .url({
    protocol: /^https?$/,
    error: 'must be an address that begins with https:// or http://',
  })
  .refine(
    (text) => !URL.canParse(text) || new URL(text).username === '',
    'must not hold a user; pass the token instead',
  )

/** Connects an app to its forge. Each kind of forge checks further what it needs. */
export const newForge = z.object({
  kind: z.enum(forgeKinds),
  /** of the API; the public service when it is absent */
  url: url.optional(),
  repository: repositoryName,
  /** of a GitHub App; the token is then its private key */
  appId: z
    .string()
    .regex(/^\d{1,12}$/, 'must be the number of a GitHub App')
    .optional(),
  token: z.string().min(1).max(8000),
})
