import { z } from 'zod'
import { latency } from './measurements.ts'
import { hostReleaseStatus } from './release.ts'

/** The certificate of a domain. */
export const hostCertificate = z.object({
  name: z.string(),
  /** the lifetime in milliseconds since 1970; null when there is no certificate */
  begins: z.number().nullable(),
  expires: z.number().nullable(),
  /** who issued it; null when there is no certificate */
  issuer: z.string().nullable(),
  /** why there is none or no new one, in one sentence without its full stop; null for no reason */
  problem: z.string().nullable(),
  /** orders in a row without a new certificate, with one that is under way */
  attempts: z.number().int(),
  /** when it is ordered next, in milliseconds since 1970; null when the host never orders it */
  next: z.number().nullable(),
})
export type HostCertificate = z.infer<typeof hostCertificate>

export const hostStatus = z.object({
  version: z.string(),
  pid: z.number().int(),
  started: z.number(),
  /** its clock, in milliseconds since 1970 */
  now: z.number().optional(),
  /** bytes of the disk with its folder */
  disk: z.object({ free: z.number(), total: z.number() }).optional(),
  /** the port of the edge that routes by host name */
  edge: z.number().int(),
  releases: z.array(hostReleaseStatus),
  /** of the domains of all environments; absent without a listener for HTTPS */
  certificates: z.array(hostCertificate).optional(),
  routes: z.array(
    z.object({
      app: z.string(),
      environment: z.string(),
      host: z.string(),
      port: z.number().int().nullable(),
      release: z.number().int().nullable(),
      /** since the host started: requests, answers with 5xx, and requests without an instance */
      requests: z.number().int(),
      errors: z.number().int(),
      unavailable: z.number().int(),
      /** requests that got the maintenance page; the others do not contain them */
      maintenance: z.number().int().default(0),
      /**
       * by release and service: ended requests by outcome (`1xx` to `5xx`, `refused`, `broken`,
       * `left`), bytes of the responses, requests in progress, and those that hang for 10 seconds
       */
      traffic: z
        .array(
          z.object({
            release: z.number().int(),
            service: z.string(),
            outcomes: z.record(z.string(), z.number().int()),
            bytes: z.number().int(),
            latency: latency.optional(),
            open: z.number().int(),
            hanging: z.number().int(),
          }),
        )
        .optional(),
      /** why the fixed port is not open; absent when it is */
      problem: z.string().optional(),
    }),
  ),
})
export type HostStatus = z.infer<typeof hostStatus>
