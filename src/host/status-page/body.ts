import type { IncomingMessage } from 'node:http'

const mostBody = 8192

/** The body as text; null when it is too long or does not arrive completely. */
export async function bodyOf(request: IncomingMessage): Promise<string | null> {
  let text = ''
  try {
    for await (const chunk of request) if (text.length <= mostBody) text += String(chunk)
  } catch {
    return null
  }
  return text.length > mostBody ? null : text
}
