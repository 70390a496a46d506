import { z } from 'zod'

const timeoutMs = 5000

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
 * Throws one sentence when the request fails or the response is unexpected.
 */
export async function queryPrometheus(
  url: string,
  query: string,
): Promise<{ labels: Record<string, string>; value: number }[]> {
  const target = new URL(`${url.replace(/\/+$/, '')}/api/v1/query`)
  target.searchParams.set('query', query)
  const response = await fetch(target, { signal: AbortSignal.timeout(timeoutMs) }).catch(
    (error: Error) => {
      throw new Error(
        `Prometheus cannot be queried: ${(error.cause as Error | undefined)?.message ?? error.message}`,
      )
    },
  )
  const text = await response.text()
  if (!response.ok) throw new Error(`Prometheus answered ${response.status}: ${text.slice(0, 300)}`)
  const { data } = answer.parse(JSON.parse(text))
  return data.resultType === 'scalar'
    ? [{ labels: {}, value: Number(data.result[1]) }]
    : data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
}
