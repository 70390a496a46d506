import type { FastifyRequest } from 'fastify'
import { FairleadError } from '#contract/errors.ts'

/** Headers of every response. The console has no inline scripts, but inline styles. */
export const securityHeaders = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; " +
    "script-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; " +
    "form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
}

/** Headers behind HTTPS: a browser then never uses plain HTTP. */
export const httpsHeaders = { 'strict-transport-security': 'max-age=31536000' }

const local = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Refuses requests that another site makes a browser send: an unknown Host (DNS rebinding), and an
 * unsafe method with a cookie from another origin. Browsers do not send tokens by themselves, so
 * requests with one need no check of their origin.
 */
export function guardRequest(request: FastifyRequest, hosts: string[]): void {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
  if (
    !local.has(host) &&
    !host.endsWith('.localhost') &&
    !hosts.includes(host) &&
    !hosts.includes('*')
  )
    throw new FairleadError('forged_request')
  if (
    request.method === 'GET' ||
    request.method === 'HEAD' ||
    request.headers.authorization !== undefined
  )
    return
  const site = request.headers['sec-fetch-site']
  if (typeof site === 'string' && site !== 'same-origin' && site !== 'none')
    throw new FairleadError('forged_request')
  const { origin } = request.headers
  if (origin !== undefined && originHost(origin) !== request.headers.host?.toLowerCase())
    throw new FairleadError('forged_request')
}

function originHost(origin: string): string | null {
  try {
    return new URL(origin).host
  } catch {
    return null
  }
}
