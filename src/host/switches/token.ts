import { createHmac, timingSafeEqual } from 'node:crypto'

/** What the services of an environment read their switches with. */
export const tokenOf = (secret: Buffer, app: string, environment: string): string =>
  `${app}.${environment}.${proof(secret, app, environment)}`

/** The environment whose token it is; null for another text. */
export function environmentOfToken(
  secret: Buffer,
  token: string,
): { app: string; environment: string } | null {
  const [app = '', environment = ''] = token.split('.')
  const [given, wanted] = [Buffer.from(token), Buffer.from(tokenOf(secret, app, environment))]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
    ? { app, environment }
    : null
}

/** Names contain no slash. */
const proof = (secret: Buffer, app: string, environment: string): string =>
  createHmac('sha256', secret).update(`switches/${app}/${environment}`).digest('hex')
