import { FairleadError } from '#contract/errors.ts'
import { z } from 'zod'
import type { CheckIn } from './check-in.ts'
import type { Forge } from './forge.ts'
import type { Headers } from './signature.ts'

/** Reads the body of a delivery. Returns an error that names the invalid field. */
export function readCheckIns(
  { webhook }: Forge,
  event: string,
  headers: Headers,
  body: Buffer,
): CheckIn[] | FairleadError {
  try {
    return webhook.read(event, JSON.parse(textOf(headers, body)), headers)
  } catch (error) {
    if (error instanceof z.ZodError) {
      const [issue] = error.issues
      const field = issue?.path.map(String).join('.') || 'body'
      return new FairleadError('invalid_input', {
        field,
        problem: issue?.message ?? 'is invalid',
      })
    }
    if (!(error instanceof SyntaxError)) throw error
    return new FairleadError('invalid_input', { field: 'body', problem: 'is not JSON' })
  }
}

/** GitHub can send the JSON as the form field `payload`; the signature covers the form. */
function textOf(headers: Headers, body: Buffer): string {
  const text = body.toString('utf8')
  const isForm = String(headers['content-type'] ?? '').startsWith(
    'application/x-www-form-urlencoded',
  )
  return isForm ? (new URLSearchParams(text).get('payload') ?? '') : text
}

/** The refs and pull requests of a delivery: only deliveries of the same subject can be repeats. */
export function subjectOf(checkIns: CheckIn[]): string {
  const subjects = checkIns.map((checkIn) => {
    if (checkIn.kind === 'push') return checkIn.ref
    if (checkIn.kind === 'pull_request') return `pull/${checkIn.number}`
    return checkIn.kind === 'other' ? checkIn.what : checkIn.kind
  })
  return subjects.join(' ').slice(0, 300) || 'nothing'
}
