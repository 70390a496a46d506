import type { FastifyReply, FastifyRequest } from 'fastify'
import type { StreamMessage } from '#contract/handler.ts'

const heartbeatMs = 15_000

/**
 * Writes messages as server-sent events at the pace of the client: the next message is requested
 * after the previous one was sent, so a slow client uses no memory. Ends when the messages end, the
 * client disconnects, or the server closes.
 */
export async function streamEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  open: (signal: AbortSignal) => AsyncIterable<StreamMessage<unknown>>,
  closing: AbortSignal,
): Promise<void> {
  const gone = new AbortController()
  request.raw.once('close', () => gone.abort())
  reply.raw.once('close', () => gone.abort())
  const signal = AbortSignal.any([gone.signal, closing])
  const messages = open(signal)[Symbol.asyncIterator]()
  reply.hijack()
  const raw = reply.raw
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  })
  raw.write('retry: 1000\n\n')
  const heartbeat = setInterval(() => raw.write(': still here\n\n'), heartbeatMs)
  try {
    for (;;) {
      const { done, value } = await messages.next()
      if (done === true || signal.aborted) break
      if (!raw.write(format(value))) await drained(raw, signal)
    }
  } catch (error) {
    if (!signal.aborted)
      raw.write(`event: problem\ndata: ${JSON.stringify({ title: (error as Error).message })}\n\n`)
  } finally {
    clearInterval(heartbeat)
    raw.end()
  }
}

function format(message: StreamMessage<unknown>): string {
  const lines = []
  if (message.id !== undefined) lines.push(`id: ${message.id}`)
  if (message.event !== undefined) lines.push(`event: ${message.event}`)
  return `${[...lines, `data: ${JSON.stringify(message.data)}`].join('\n')}\n\n`
}

function drained(raw: FastifyReply['raw'], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      raw.off('drain', go)
      raw.off('close', go)
      signal.removeEventListener('abort', go)
      resolve()
    }
    raw.once('drain', go).once('close', go)
    signal.addEventListener('abort', go)
  })
}
