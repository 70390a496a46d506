import { z } from 'zod'
import { duration, headers, listOf, text, variableName } from './shapes.ts'

const editedHeaders = z.record(headers.keyType, headers.valueType.nullable())

/** What the edge does with the requests of an environment. */
export const edgeFile = z.strictObject({
  redirects: listOf(text)
    .prefault([])
    .describe(
      'Redirects, such as `/old/* /new/:splat 301`, with the syntax of a `_redirects` file; the ' +
        'first that matches counts',
    ),
  request: editedHeaders
    .prefault({})
    .describe('Headers of requests that the edge sets, such as `{X-Site: eu}`; null removes one'),
  response: editedHeaders
    .prefault({})
    .describe(
      'Headers of responses that the edge sets, such as `{X-Frame-Options: DENY, Server: null}`; ' +
        'null removes one',
    ),
  auth: variableName
    .optional()
    .describe(
      'The secret with the people who may use the environment, by Basic authentication: a line ' +
        '`NAME:HASH` for each, with the hash of `openssl passwd -6`; default: everybody',
    ),
  allow: listOf(text)
    .prefault([])
    .describe(
      'The clients that may use the environment: addresses and networks, such as ' +
        '`[192.0.2.7, 10.0.0.0/8]`; default: all',
    ),
  body: z
    .number()
    .positive()
    .max(1_048_576)
    .optional()
    .describe('The largest body of a request in megabytes, such as `10`; default: no limit'),
  timeout: duration(1000)
    .optional()
    .describe('How long a service may take until its answer begins; default: no limit'),
  compress: z
    .boolean()
    .default(false)
    .describe(
      'Whether the edge compresses text that a service sends uncompressed, with Brotli or gzip, ' +
        'for clients that accept it',
    ),
  log: z
    .boolean()
    .default(false)
    .describe('Whether each request is written to the access log of the environment'),
  trace: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'Begins a trace (`traceparent`) for each request without one, and marks this share of them ' +
        'as sampled, such as `0.1`; default: no trace is begun',
    ),
})
