import { z } from 'zod'

/** Headers that are set; null removes one. */
const headerEdits = z.record(z.string(), z.string().nullable())

/** What the edge does with the requests of an environment before a service gets them. */
export const hostEdge = z.object({
  /** lines of `_redirects` */
  redirects: z.array(z.string()).optional(),
  request: headerEdits.optional(),
  response: headerEdits.optional(),
  /** `NAME:$6$…` of each person who may use it; absent for everybody */
  users: z.array(z.string()).optional(),
  /** addresses and networks of the clients that may use it; absent for all */
  allow: z.array(z.string()).optional(),
  /** bytes of the body of a request; absent for no limit */
  body: z.number().optional(),
  /** milliseconds until the answer begins; absent for no limit */
  timeout: z.number().optional(),
  /** whether answers are compressed that their services have not compressed */
  compress: z.boolean().optional(),
  /** whether requests are written to the access log */
  log: z.boolean().optional(),
  /** begins a trace for requests without one, and marks that share of them as sampled */
  trace: z.number().optional(),
})
export type HostEdge = z.infer<typeof hostEdge>
