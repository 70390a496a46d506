import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { done } from '#contract/params.ts'
import { statusPage } from './status-page.ts'

/** The page that exists without configuration; variables of the host set its address. */
export const defaultPage = 'default'

/** Pages besides the default one: the host renders each of them. */
export const mostPages = 20

/** A status page as it is set up. Times are ISO 8601 UTC. */
export const statusPageSettings = z.object({
  name,
  /** its name for readers; empty for none */
  title: z.string(),
  /** where readers find it; null when it is not served */
  address: z.string().nullable(),
  /** the address that somebody has set; null for the one that Fairlead gives it */
  url: z.string().nullable(),
  /** it shows the components of these apps and groups, and these ones, as APP/KEY; all if empty */
  apps: z.array(z.string()),
  groups: z.array(z.string()),
  components: z.array(z.string()),
  /** whether it has a logo or colours of its own */
  hasLogo: z.boolean(),
  colors: z.object({ light: z.string(), dark: z.string() }).nullable(),
  /** whether readers need its password */
  private: z.boolean(),
  /** null for the default page while nothing of it was changed */
  created: z.string().nullable(),
})
export type StatusPageSettings = z.infer<typeof statusPageSettings>

const list = <T extends z.ZodType>(item: T) => z.array(item).max(100)
/** A component of an app, as APP/KEY. */
export const componentName = z
  .string()
  .regex(/^[a-z0-9-]{1,40}\/[a-z0-9-]{1,40}$/, 'must be APP/KEY, such as shop/checkout')

/** What a change sets; what is absent stays as it is. */
export const statusPageChange = z.object({
  title: z.string().trim().max(80).optional(),
  /** such as `https://status.example.com`; null for the address that Fairlead gives it */
  url: z.string().min(1).max(300).nullable().optional(),
  apps: list(name).optional(),
  groups: list(z.string().min(1).max(80)).optional(),
  components: list(componentName).optional(),
  /** a PNG with at most 20 KB, as base64; null for that of the installation */
  logo: z.base64().max(30_000, 'must have at most 20 KB').nullable().optional(),
  /** such as `#0b57d0`, for the light and the dark page; null for those of the installation */
  colors: z.object({ light: z.string(), dark: z.string() }).nullable().optional(),
  /** whether readers need a password, which Fairlead makes */
  private: z.boolean().optional(),
  /** with true, a private page gets another password, which ends all of its sessions */
  renew: z.boolean().optional(),
})
export type StatusPageChange = z.infer<typeof statusPageChange>

/** A page with a host name of its own, as the host serves it. */
export const namedStatusPage = statusPage.extend({
  name,
  /** its address for readers */
  url: z.string(),
  /** whether only this machine may read it, because nobody has chosen its address */
  isLocal: z.boolean(),
  /** SHA-256 of its password as hexadecimal digits; null when everybody may read it */
  password: z.string().nullable(),
})
export type NamedStatusPage = z.infer<typeof namedStatusPage>

/** All pages: the default one, and the others. */
export const statusPages = statusPage.extend({
  others: z.array(namedStatusPage).max(mostPages).default([]),
})
export type StatusPages = z.infer<typeof statusPages>

const inPage = z.object({ page: name })

export const statusPagesEndpoints = {
  listStatusPages: endpoint({
    method: 'GET',
    path: '/status-pages',
    role: 'admin',
    summary: 'List the status pages: their addresses and what they show',
    output: z.object({ pages: z.array(statusPageSettings) }),
  }),
  putStatusPage: endpoint({
    method: 'PUT',
    path: '/status-pages/{page}',
    role: 'admin',
    summary: 'Add a status page, or change what is given of it',
    params: inPage,
    body: statusPageChange,
    output: statusPageSettings.extend({
      /** a new password of the page, which is not shown again; null without a new one */
      password: z.string().nullable(),
    }),
  }),
  deleteStatusPage: endpoint({
    method: 'DELETE',
    path: '/status-pages/{page}',
    role: 'admin',
    summary: 'Delete a status page and its subscriptions',
    params: inPage,
    output: done,
  }),
}
