import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { roles } from '#contract/endpoint.ts'
import { senderKinds } from '#contract/forge/forge.ts'

const role = z.enum(roles)

/** A role for all apps, and roles for single apps. */
export const grants = z.object({ role: role.nullable(), apps: z.record(name, role) })

/** Actors in the event log that are not users; no user may have such a name. */
const reserved = new Set([
  ...['fairlead', 'schedule', 'this machine', 'nobody', 'webhook'],
  ...senderKinds,
])

/** The name of a user, which the event log shows as the actor. */
export const userName = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .regex(
    /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}/]+$/u,
    'must be a name of printable characters without a slash',
  )
  .refine((text) => !reserved.has(text.toLowerCase()), 'is reserved by Fairlead')

export const user = z.object({
  name: z.string(),
  email: z.string().nullable(),
  /** the role for all apps that an admin assigned; null for none */
  role: role.nullable(),
  apps: z.record(name, role),
  /** groups of the provider that grant a role, as of the last sign-in */
  groups: z.array(z.string()),
  /** the assigned roles and those of the groups together */
  grants,
  /** the OpenID provider of the user; null for one who signs in by links */
  issuer: z.string().nullable(),
  disabled: z.string().nullable(),
  created: z.string(),
  seen: z.string().nullable(),
})
export type User = z.infer<typeof user>

/** A user with a role for an app. */
export const appUser = z.object({ name: z.string(), role, disabled: z.string().nullable() })

/** A session of a user in a browser. */
export const session = z.object({
  id: z.string(),
  user: z.string(),
  way: z.enum(['link', 'provider']),
  created: z.string(),
  seen: z.string(),
  expires: z.string(),
  address: z.string().nullable(),
  /** the User-Agent header of the browser */
  agent: z.string().nullable(),
  /** true for the session of the request */
  isCurrent: z.boolean(),
})
export type Session = z.infer<typeof session>

export const token = z.object({
  id: z.string(),
  name: z.string(),
  role,
  /** the apps that it is limited to; null for all */
  apps: z.array(z.string()).nullable(),
  /** the user it acts for, whose grants limit it; null for a token of this machine */
  user: z.string().nullable(),
  created: z.string(),
  used: z.string().nullable(),
  expires: z.string().nullable(),
})
export type Token = z.infer<typeof token>

/** The cookie with the first half of a session. */
export const sessionCookie = 'fairlead_session'

/** The cookie of a sign-in through the provider that is in progress. */
export const signInCookie = 'fairlead_sign_in'

/** Minutes within which a sign-in through the provider must be completed. */
export const signInMinutes = 10

/**
 * The name of the key of a session, its second half. A browser sends a cookie to every port of a
 * host, so an app can receive the cookie of a session; the key is stored by the origin of the
 * console, which includes the port. The name is that of the request header, of the entry in
 * `localStorage`, and of the field in the URL fragment with which a sign-in through the provider
 * ends.
 */
export const sessionKeyName = 'fairlead-session-key'

export const me = z.object({ name: z.string(), role: role.nullable(), apps: z.record(name, role) })

/** The reasons why a sign-in through a provider fails, with the sentence of the sign-in page. */
export const signInProblems = {
  unreachable: 'The provider does not answer. Try again in a moment, or sign in with a link.',
  refused: 'The provider refused the sign-in.',
  expired:
    'The sign-in expired, was started in another browser, or was already used. Sign in again.',
  forged: 'The answer of the provider does not belong to this sign-in. Sign in again on this page.',
  unknown: 'You have no user in Fairlead. Ask an admin to add you.',
  disabled: 'Your user is disabled. Ask an admin to enable it.',
  busy: 'Too many attempts. Wait a minute and try again.',
} as const
export type SignInProblem = keyof typeof signInProblems

/** The page to show after a sign-in: `next` when it is a path of this console, otherwise `/`. */
export const safePage = (next: string | null | undefined): string =>
  typeof next === 'string' && next.length <= 2000 && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(next)
    ? next
    : '/'
