import { type ChannelIo, Refused, sendTimeout } from '#platform/channel/channel.ts'

/** Characters of an answer that are read. */
const mostAnswer = 1000

/**
 * Asks a webhook to answer with a token, in the form of Slack's Events API
 * (https://api.slack.com/events/url_verification). Throws `Refused` when it does not.
 */
export async function challenge(
  { fetch }: Pick<ChannelIo, 'fetch'>,
  url: string,
  token: string,
): Promise<void> {
  const answer = await answerOf(fetch, url, token).catch((error: unknown) => {
    throw new Refused('it cannot be reached', { cause: error })
  })
  if (!answer.includes(token)) throw new Refused('its answer does not contain the challenge')
}

async function answerOf(fetch: ChannelIo['fetch'], url: string, token: string): Promise<string> {
  const response = await fetch(url, {
    ...{ method: 'POST', redirect: 'error', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ type: 'url_verification', challenge: token }),
    signal: AbortSignal.timeout(sendTimeout),
  })
  if (!response.ok || response.body === null) {
    await response.body?.cancel()
    return ''
  }
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > mostAnswer) break
  }
  return text.slice(0, mostAnswer)
}
