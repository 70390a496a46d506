import { z } from 'zod'
import { name } from './app/app.ts'

/** The number of a run, a deployment and the like, in a path or a query. */
export const id = z.coerce.number().int().positive()
/** Items on one page of a list. */
export const limit = z.coerce.number().int().min(1).max(500).default(50)
export const inApp = z.object({ app: name })
export const inEnvironment = z.object({ app: name, environment: name })
/** The answer of an endpoint that has nothing else to say. */
export const done = z.object({ done: z.literal(true) })
