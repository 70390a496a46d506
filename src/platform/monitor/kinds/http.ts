import { z } from 'zod'
import { duration, headers, scalar, shorthand, text } from '#contract/pipeline-file/shapes.ts'
import { withVariables } from '../connection.ts'
import { failureOf } from '../failure.ts'
import { valueAt } from '../json-path.ts'
import { defineMonitorKind, down, type Finding, type HostIo, up } from '../monitor-kind.ts'
import { follow } from '../follow.ts'
import type { Answer } from '../request.ts'

const status = z.union([z.number().int().min(100).max(599), z.string().regex(/^[1-5]xx$/)], {
  error: 'must be a status such as 204, or a class such as 2xx',
})

const settings = shorthand(
  'url',
  z.strictObject({
    url: z
      .string()
      .regex(/^(https?:\/\/[^\s/]|\/)\S{0,2000}$/, 'must be an address, or a path such as /health')
      .refine((url) => url === '/' || url.startsWith('/') || URL.canParse(url), 'is not an address')
      .describe('The address; a path is requested from the environment itself, through its edge'),
    method: z
      .enum(['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS'])
      .default('GET')
      .describe('The method of the request'),
    headers: headers
      .optional()
      .describe('Headers; `${NAME}` is replaced by a variable or secret of the service'),
    body: text.max(100_000).optional().describe('The body; variables are replaced as in `headers`'),
    status: z
      .preprocess(
        (value) => (value === undefined || Array.isArray(value) ? value : [value]),
        z.array(status).min(1).max(20).default(['2xx', '3xx']),
      )
      .describe('The statuses that are up, such as `204` or `2xx`'),
    contains: text.min(1).max(1000).optional().describe('A text that the body must contain'),
    lacks: text.min(1).max(1000).optional().describe('A text that the body must not contain'),
    json: z
      .record(z.string().max(200), scalar)
      .optional()
      .describe('Values that the body must have, by path: `{status: ok, "checks[0].up": true}`'),
    latency: duration(1).optional().describe('A slower answer is degraded'),
    redirects: z.number().int().min(0).max(10).default(5).describe('How many redirects to follow'),
    family: z
      .union([z.literal(4), z.literal(6)])
      .optional()
      .describe('Connects only by IPv4 or only by IPv6'),
    ca: text
      .max(200_000)
      .optional()
      .describe('Certificates of your own authority, as PEM; default: those of the system'),
  }),
)
type Settings = z.output<typeof settings>

export default defineMonitorKind({
  kind: 'http',
  title: 'An address answers as it should',
  settings,
  example: { url: '/checkout', status: 200, contains: 'Pay now', latency: '2s' },
  every: 10_000,
  failures: 3,
  elsewhere: ({ url, headers, body }) => {
    if (url.startsWith('/'))
      return 'a path is requested through the edge of the environment; use its public address'
    return [...Object.values(headers ?? {}), body ?? ''].some((text) => text.includes('${'))
      ? 'only the host of the environment knows the variables of its headers and body'
      : null
  },
  onHost: async (wanted, io) => {
    const began = performance.now()
    try {
      const { contains, lacks, json } = wanted
      const answer = await follow(
        {
          ...{ ...wanted, url: new URL(wanted.url, `http://${io.edge.host}`) },
          headers: filledIn(wanted.headers ?? {}, io),
          body: wanted.body === undefined ? undefined : withVariables(wanted.body, io),
          readsBody: (contains ?? lacks ?? json) !== undefined,
        },
        io,
      )
      if (typeof answer === 'string') return down(answer)
      return judge(wanted, answer, performance.now() - began)
    } catch (error) {
      return failureOf(error)
    }
  },
})

const filledIn = (values: Record<string, string>, io: HostIo): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, one]) => [name, withVariables(one, io)]))

/** What the answer says of the monitor. Pure. */
export function judge(
  wanted: Pick<Settings, 'status' | 'contains' | 'lacks' | 'json' | 'latency'>,
  { status: code, body }: Answer,
  took: number,
): Finding {
  const isExpected = wanted.status.some((one) =>
    typeof one === 'number' ? one === code : one[0] === String(code)[0],
  )
  if (!isExpected) return down(`it answers ${code}`)
  if (wanted.contains !== undefined && !body.includes(wanted.contains))
    return down(`its answer does not contain "${wanted.contains}"`)
  if (wanted.lacks !== undefined && body.includes(wanted.lacks))
    return down(`its answer contains "${wanted.lacks}"`)
  const problem = wanted.json === undefined ? null : jsonProblem(wanted.json, body)
  if (problem !== null) return down(problem)
  if (wanted.latency !== undefined && took > wanted.latency)
    return { state: 'degraded', reason: `it took ${Math.round(took)} ms` }
  return up
}

function jsonProblem(wanted: Record<string, string>, body: string): string | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return 'its answer is not JSON'
  }
  for (const [path, value] of Object.entries(wanted)) {
    const found = valueAt(parsed, path)
    const shown = typeof found === 'object' ? JSON.stringify(found) : String(found)
    if (shown === value) continue
    return found === undefined
      ? `its answer has no ${path}`
      : `${path} is ${shown.slice(0, 100)} instead of ${value}`
  }
  return null
}
