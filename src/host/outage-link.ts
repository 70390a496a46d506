import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Outage, OutagePage } from '#contract/host/roster.ts'
import { type Answer, answerMinutes } from '#platform/channel/answer.ts'
import { acknowledgeOutage, holder, passOutage } from './outage.ts'

/**
 * The rules of the links in messages of a host, which work without a server. A link is signed with
 * a secret of the outage, works once, and ends after a day. Pure.
 */

const dayMs = 86_400_000

const keyOf = (secret: string, id: string): string =>
  createHmac('sha256', secret).update(id).digest('base64url')

/** The key in the link of a message; null when it has no link: it is not for a person. */
export const linkKey = ({ secret }: Outage, { id, person }: OutagePage): string | null =>
  secret === '' || person === null ? null : keyOf(secret, id)

export interface Answered {
  status: number
  sentence: string
  /** whether the page asks for an answer */
  isOpen: boolean
  /** what is kept from now on */
  outage: Outage | null
}

/** What a link shows, without an answer, or does. */
export function followLink(
  outage: Outage | null,
  { key, answer, now }: { key: string; answer: Answer | null; now: number },
): Answered {
  const say = (status: number, sentence: string, changed = outage): Answered => ({
    ...{ status, sentence, isOpen: false, outage: changed },
  })
  const page = outage?.pages.find((one) => isKeyOf(outage, one, key))
  if (!outage || !page?.person || now > page.due + dayMs) return say(410, ended)
  const { person, id } = page
  const taken = (sentence: string): Answered => say(answer === null ? 200 : 409, sentence)
  if (outage.answers.some((one) => one.page === id)) return taken('This link was already used.')
  if (outage.ended !== null) return taken('A server answers again.')
  const held = holder(outage, now)
  if (held) return taken(`${held.person} has it.`)
  if (answer === null)
    return { ...say(200, `${person}, no server answers. Take it on for an hour?`), isOpen: true }
  const given = { page: id, person, time: now }
  if (answer === 'pass')
    return say(200, 'You passed it on. The next person is notified.', passOutage(outage, given))
  const until = now + answerMinutes * 60_000
  return say(
    200,
    'You have it. The next messages are sent in an hour unless a server answers.',
    acknowledgeOutage(outage, { ...given, until }),
  )
}

const ended = 'This link has expired or is not valid.'

function isKeyOf(outage: Outage, page: OutagePage, key: string): boolean {
  const right = linkKey(outage, page)
  if (right === null || key.length !== right.length) return false
  return timingSafeEqual(Buffer.from(key.replace(/[^\w-]/g, '.')), Buffer.from(right))
}
