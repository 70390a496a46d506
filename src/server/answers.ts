import type { FastifyInstance } from 'fastify'
import { escapeMarkup } from '#platform/channel/markup.ts'
import type { Answers } from '#flows/monitoring/answer.ts'

/** A form has a few short fields. */
const bodyLimit = 16_384

/**
 * Serves the links in messages: GET shows a page, and POST acts. A call of Twilio posts the key
 * that was pressed, and gets the words to say.
 */
export function addAnswers(app: FastifyInstance, answers: Answers): void {
  void app.register(async (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    )
    const keyOf = (query: unknown): string => {
      const { key } = query as { key?: unknown }
      return typeof key === 'string' ? key.slice(0, 1000) : ''
    }
    scope.get('/answer', async (request, reply) => {
      const { status, html } = await answers.show(keyOf(request.query))
      return reply
        .status(status)
        .headers({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
        .send(html)
    })
    scope.post('/answer', async (request, reply) => {
      const { action, Digits: digits } = request.body as { action?: string; Digits?: string }
      const answer = action === 'pass' || digits === '2' ? 'pass' : 'acknowledge'
      const isCall = digits !== undefined
      const isMeant = isCall ? ['1', '2'].includes(digits) : action !== undefined
      const { status, html, sentence } = isMeant
        ? await answers.act(keyOf(request.query), answer)
        : { ...(await answers.show(keyOf(request.query))), sentence: 'Nothing was changed.' }
      if (isCall)
        return reply
          .header('content-type', 'text/xml; charset=utf-8')
          .send(`<Response><Say>${escapeMarkup(sentence)}</Say></Response>`)
      return reply
        .status(status)
        .headers({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
        .send(html)
    })
  })
}
