import type { FastifyInstance } from 'fastify'
import { answerOf, spoken } from '#platform/channel/answer.ts'
import type { Answers } from '#flows/monitoring/answer.ts'

/** Whether a request answers by a link: its key is the permission, wherever the request is from. */
export const isAnswer = (url: string): boolean => url.startsWith('/answer?')

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
      const body = (request.body ?? {}) as Record<string, unknown>
      const answer = answerOf(body)
      const { status, html, sentence } =
        answer === null
          ? { ...(await answers.show(keyOf(request.query))), sentence: 'Nothing was changed.' }
          : await answers.act(keyOf(request.query), answer)
      if (body['Digits'] !== undefined)
        return reply.header('content-type', 'text/xml; charset=utf-8').send(spoken(sentence))
      return reply
        .status(status)
        .headers({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
        .send(html)
    })
  })
}
