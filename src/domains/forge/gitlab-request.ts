import { createRequesterFn } from '@gitbeaker/requester-utils'
import { z } from 'zod'
import type { ForgeConnection } from './client.ts'
import { ForgeRefusal } from './request.ts'

const requestOptions = z.object({
  prefixUrl: z.string(),
  searchParams: z.string().default(''),
  method: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.union([z.string(), z.instanceof(FormData)]).optional(),
})
const failure = z
  .string()
  .transform((text) => JSON.parse(text) as unknown)
  .pipe(z.object({ error: z.unknown(), message: z.unknown() }))

/**
 * Sends the client's requests with `fetch` and throws a ForgeRefusal. The client's own handler
 * would repeat a rate-limited request ten times within a second.
 */
export const createRequester = (fetch: ForgeConnection['fetch']) =>
  createRequesterFn(
    async (_, options) => options,
    async (endpoint, given) => {
      const { prefixUrl, searchParams, ...init } = requestOptions.parse(given)
      const url = new URL(endpoint, prefixUrl.endsWith('/') ? prefixUrl : `${prefixUrl}/`)
      url.search = searchParams
      const { body, ...rest } = init
      const response = await fetch(url, { ...rest, ...(body === undefined ? {} : { body }) })
      const { status, headers } = response
      const text = await response.text()
      if (!response.ok) throw new ForgeRefusal(status, headers, messageOf(text))
      const json = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
      return { body: json, headers: Object.fromEntries(headers), status }
    },
  )

function messageOf(text: string): string {
  try {
    const { error, message } = failure.parse(text)
    const found = error || message || ''
    return typeof found === 'string' ? found : JSON.stringify(found)
  } catch {
    return text
  }
}
