import { z } from 'zod'

/** A required variable of the server's environment. */
export const setting = (name: string): z.ZodString => {
  const error = `the server has no ${name}`
  return z.string({ error }).min(1, { error })
}
