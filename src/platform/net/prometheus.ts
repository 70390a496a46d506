import { z } from 'zod'
import { withoutEnd } from '#contract/text.ts'

const timeoutMs = 5000
const maxBytes = 8 * 1024 * 1024

const answer = z.object({
  data: z.discriminatedUnion('resultType', [
    z.object({
      resultType: z.literal('vector'),
      result: z.array(
        z.object({
          metric: z.record(z.string(), z.string()),
          value: z.tuple([z.number(), z.string()]),
        }),
      ),
    }),
    z.object({ resultType: z.literal('scalar'), result: z.tuple([z.number(), z.string()]) }),
  ]),
})

/**
 * Returns the current values of a query through the HTTP API of Prometheus (`/api/v1/query`).
 * `send` decides which addresses are permitted. Throws one sentence when the request fails or the
 * response is unexpected; it contains nothing of a response that is not from a Prometheus.
 */
export async function queryPrometheus(
  url: string,
  query: string,
  send: typeof fetch,
): Promise<{ labels: Record<string, string>; value: number }[]> {
  const target = new URL(`${withoutEnd(url, '/')}/api/v1/query`)
  target.searchParams.set('query', query)
  const response = await send(target, { signal: AbortSignal.timeout(timeoutMs) }).catch(
    (error: Error) => {
      throw new Error(
        `Prometheus cannot be queried: ${(error.cause as Error | undefined)?.message ?? error.message}`,
      )
    },
  )
  const text = await textOf(response)
  if (!response.ok) throw new Error(`Prometheus answered ${response.status}${reasonIn(text)}`)
  const read = answer.safeParse(jsonOf(text))
  if (!read.success) throw new Error('the response is not a result of a query of Prometheus')
  const { data } = read.data
  return data.resultType === 'scalar'
    ? [{ labels: {}, value: Number(data.result[1]) }]
    : data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
}

const failure = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() })

/** The reason that Prometheus gives, after a colon; empty for the response of another service. */
function reasonIn(text: string): string {
  const { data } = failure.safeParse(jsonOf(text))
  return data ? `: ${data.error.slice(0, 300)}` : ''
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The address comes from a repository, so the length of the response is limited. */
async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    size += chunk.length
    if (size > maxBytes) throw new Error('Prometheus answered with more than 8 MB')
  }
  return Buffer.concat(chunks).toString('utf8')
}
