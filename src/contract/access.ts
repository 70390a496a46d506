import { z } from 'zod'
import { roles } from './endpoint.ts'

export const token = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(roles),
  /** the apps that it is for; null for all */
  apps: z.array(z.string()).nullable(),
  created: z.string(),
  used: z.string().nullable(),
  expires: z.string().nullable(),
})
export type Token = z.infer<typeof token>

export const me = z.object({ name: z.string(), role: z.enum(roles) })
