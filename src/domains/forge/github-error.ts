import { z } from 'zod'
import { ForgeRefusal, messageIn } from './request.ts'

const httpError = z.object({
  status: z.number(),
  response: z
    .object({
      headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()),
      data: z.unknown(),
    })
    .optional(),
})

/** Translates Octokit's errors to a ForgeRefusal; one without a response is a network error. */
export async function translateErrors<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const { data } = httpError.safeParse(error)
    if (!data?.response) throw error
    const headers = new Headers()
    for (const [name, value] of Object.entries(data.response.headers))
      if (value !== undefined) headers.set(name, String(value))
    throw new ForgeRefusal(data.status, headers, messageIn(data.response.data))
  }
}
