import { z } from 'zod'
import { fence } from './fence.ts'

/** Identifies a session: a header or a cookie of the app; without either, a cookie of the edge. */
export const sessionRule = z.object({
  header: z.string().optional(),
  cookie: z.string().optional(),
})
export type SessionRule = z.infer<typeof sessionRule>

/** How a request names its tenant: a header, or a cookie. */
export const tenantRule = z.object({
  header: z.string().optional(),
  cookie: z.string().optional(),
})
export type TenantRule = z.infer<typeof tenantRule>

/** A name under which the edge serves an environment on the internet. */
export const hostDomain = z.object({
  /** in lower case; `*.` at its start stands for any one label */
  name: z.string(),
  /** the service that answers; absent for the first one */
  service: z.string().optional(),
  /** the domain to which all requests are sent; absent when a service answers */
  redirect: z.string().optional(),
  /** what requests without TLS get once there is a certificate */
  http: z.enum(['redirect', 'serve']),
  /** seconds for which browsers use HTTPS only; absent for no such header */
  hsts: z.number().int().optional(),
})
export type HostDomain = z.infer<typeof hostDomain>

/** A release that gets a random share of the requests, and the routes that are counted for it. */
export const hostCanary = z.object({
  release: z.number().int(),
  share: z.number().min(0).max(1),
  /** a second start of the baseline, which gets the same share and is compared in its place */
  fresh: z.number().int().optional(),
  /** sessions are assigned and counted instead of requests */
  session: sessionRule.optional(),
  /** routes that are counted separately: name → path prefix */
  routes: z.record(z.string(), z.string()).optional(),
  /** the header that names the tenant of a request: frequent tenants are counted separately */
  tenant: z.string().optional(),
})
export type HostCanary = z.infer<typeof hostCanary>

/** The traffic of an environment: a release, and a canary that shares it. */
export const hostRoute = z.object({
  release: z.number().int(),
  canary: hostCanary.optional(),
  fence,
})
export type HostRoute = z.infer<typeof hostRoute>
