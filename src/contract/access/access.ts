import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { roles } from '#contract/endpoint.ts'
import { senderKinds } from '#contract/forge/forge.ts'

const role = z.enum(roles)

/** A role with everything, and roles with single apps. */
export const grants = z.object({ role: role.nullable(), apps: z.record(name, role) })

/**
 * What Fairlead itself, this machine and forges are called in the event log; nobody else may be.
 */
const reserved = new Set([
  ...['fairlead', 'schedule', 'this machine', 'nobody', 'webhook'],
  ...senderKinds,
])

/** How a person is called, in the event log too. */
export const userName = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .regex(
    /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}/]+$/u,
    'must be a name of printable characters without a slash',
  )
  .refine((text) => !reserved.has(text.toLowerCase()), 'is a name of Fairlead’s own')

export const user = z.object({
  name: z.string(),
  email: z.string().nullable(),
  /** what was given here */
  role: role.nullable(),
  apps: z.record(name, role),
  /** of the provider that give something, as of the last sign-in */
  groups: z.array(z.string()),
  /** what was given here and what the groups give, union */
  grants,
  /** the provider that they sign in with; null for links */
  issuer: z.string().nullable(),
  disabled: z.string().nullable(),
  created: z.string(),
  seen: z.string().nullable(),
})
export type User = z.infer<typeof user>

/** Somebody who may do something with an app. */
export const appUser = z.object({ name: z.string(), role, disabled: z.string().nullable() })

/** Where somebody is signed in. */
export const session = z.object({
  id: z.string(),
  user: z.string(),
  way: z.enum(['link', 'provider']),
  created: z.string(),
  seen: z.string(),
  expires: z.string(),
  address: z.string().nullable(),
  /** what the browser calls itself */
  agent: z.string().nullable(),
  /** the one that asks */
  isCurrent: z.boolean(),
})
export type Session = z.infer<typeof session>

export const token = z.object({
  id: z.string(),
  name: z.string(),
  role,
  /** the apps that it is for; null for all */
  apps: z.array(z.string()).nullable(),
  /** who it acts for, and may never do more than; null for this machine */
  user: z.string().nullable(),
  created: z.string(),
  used: z.string().nullable(),
  expires: z.string().nullable(),
})
export type Token = z.infer<typeof token>

export const me = z.object({ name: z.string(), role: role.nullable(), apps: z.record(name, role) })

/** Why a sign-in by a provider came to nothing, as the sign-in page is told. */
export const signInProblems = {
  unreachable: 'The provider does not answer. Try again in a moment, or take a link.',
  refused: 'The provider did not let you in.',
  expired:
    'This sign-in took too long, was begun in another browser, or was used already. Begin again.',
  forged: 'What came back is not an answer to this sign-in. Begin again, at this page.',
  unknown: 'You are known to the provider, but not here. Ask an admin to add you.',
  disabled: 'Your user is disabled. Ask an admin.',
  busy: 'Too many tries. Wait a minute.',
} as const
export type SignInProblem = keyof typeof signInProblems

/** Only a page of this console is gone to after a sign-in. */
export const pageWithin = (next: string | null | undefined): string =>
  typeof next === 'string' && next.length <= 2000 && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(next)
    ? next
    : '/'
