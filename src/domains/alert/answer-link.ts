import { z } from 'zod'
import type { SecretBox } from '#platform/secret/secret-box.ts'

/** The message whose link it is. */
const content = z.strictObject({ notification: z.number().int(), expires: z.number() })

const purpose = 'answer-link'
const linkHours = 24

/**
 * The key in the link of a message: encrypted and authenticated with the key of the installation,
 * so that only a recipient has it. It ends after a day.
 */
export function answerKey(
  secrets: Pick<SecretBox, 'seal'>,
  notification: number,
  now: number,
): string {
  const expires = now + linkHours * 3_600_000
  const sealed = secrets.seal(purpose, JSON.stringify({ notification, expires }))
  return Buffer.from(sealed).toString('base64url')
}

/** The number of the message; null for a key that was changed or has expired. */
export function readAnswerKey(
  secrets: Pick<SecretBox, 'open'>,
  key: string,
  now: number,
): number | null {
  try {
    const opened = secrets.open(purpose, Buffer.from(key, 'base64url').toString())
    const { notification, expires } = content.parse(JSON.parse(opened))
    return now < expires ? notification : null
  } catch {
    return null
  }
}
