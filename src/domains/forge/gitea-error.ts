import { z } from 'zod'
import { ForgeRefusal, messageIn } from './request.ts'

/** The client throws the response. */
const failedResponse = z.object({
  status: z.number(),
  headers: z.instanceof(Headers),
  error: z.unknown(),
})

/** Translates the errors of Gitea's client to a ForgeRefusal. */
export async function translateErrors<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const { data } = failedResponse.safeParse(error)
    if (!data) throw error
    // The client puts the error of its JSON parser there, which quotes the response.
    const answer = data.error instanceof Error ? '' : messageIn(data.error)
    throw new ForgeRefusal(data.status, data.headers, answer)
  }
}
