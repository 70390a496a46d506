import { z } from 'zod'
import type { ForgeConnection } from './client.ts'
import { readJson } from './request.ts'

const requestOptions = z.object({
  prefixUrl: z.string(),
  searchParams: z.string().default(''),
  method: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.union([z.string(), z.instanceof(FormData)]).optional(),
})
/**
 * Sends the client's requests with `fetch` and throws a ForgeRefusal. The client's own handler
 * would repeat a rate-limited request ten times within a second.
 */
export const createRequester = async (fetch: ForgeConnection['fetch']) =>
  (await import('@gitbeaker/requester-utils')).createRequesterFn(
    async (_, options) => options,
    async (endpoint, given) => {
      const { prefixUrl, searchParams, ...init } = requestOptions.parse(given)
      const url = new URL(endpoint, prefixUrl.endsWith('/') ? prefixUrl : `${prefixUrl}/`)
      url.search = searchParams
      const { body, ...rest } = init
      const response = await fetch(url, { ...rest, ...(body === undefined ? {} : { body }) })
      const { status, headers } = response
      const json = ((await readJson(response)) ?? {}) as Record<string, unknown>
      return { body: json, headers: Object.fromEntries(headers), status }
    },
  )
