import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createIntake, type IntakeLimits } from './intake.ts'

/**
 * Lets the routes of a scope read bodies of any type as a buffer, within the limits for bodies that
 * nobody has authenticated. A body counts until its response is closed.
 */
export function holdBodies(scope: FastifyInstance, limits: IntakeLimits): void {
  const intake = createIntake(limits)
  const releases = new WeakMap<FastifyRequest, () => void>()
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) => {
    const announced = request.headers['content-length']
    const length = announced === undefined ? null : Number(announced)
    const { body, release } = intake.read(payload, { address: request.ip, length })
    releases.set(request, release)
    return body
  })
  scope.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => releases.get(request)?.())
    done()
  })
}
