import { z } from 'zod'

/**
 * The start `KIND:PLACE` of the references that the secrets of an app may have, such as
 * `vault:secret/data/shop`. It ends at the boundary of a part: `file:shop` covers `file:shop/key`,
 * not `file:shop-2`. `KIND:` covers the whole store.
 */
export const secretPrefix = z.string().min(2).max(1000)

/** A prefix that an administrator allowed for an app. */
export const allowedPrefix = z.object({
  prefix: secretPrefix,
  actor: z.string(),
  created: z.string(),
})
export type AllowedPrefix = z.infer<typeof allowedPrefix>
