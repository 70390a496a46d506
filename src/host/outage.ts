import type { HostRoster, Outage, OutagePage, RosterPlan } from '#contract/host/roster.ts'

/** The rules of what a host sends while no server answers. Pure; times are in milliseconds. */

/** `secret` signs the links of its messages. */
export const beginOutage = (
  { alert, since, secret }: Pick<Outage, 'alert' | 'since' | 'secret'>,
  now: number,
): Outage => ({
  ...{ alert, since, secret, began: now, ended: null, step: 0, next: now, pages: [] },
  ...{ occurrence: 1, answers: [] },
})

/** One that no server has recorded goes on, unless somebody has it. */
export const resumeOutage = (outage: Outage, now: number): Outage => ({
  ...outage,
  ended: null,
  next: Math.max(now, holder(outage, now)?.until ?? now),
})

/** Who acknowledged it, while the acknowledgement lasts. */
export const holder = ({ answers }: Outage, now: number): Outage['answers'][number] | null =>
  answers.findLast(({ until }) => until !== null && until > now) ?? null

/** The plan that holds now; the last one when the roster is older than its shifts. */
export function planAt({ plans, shifts }: HostRoster, now: number): RosterPlan {
  const shift = shifts.find(({ until }) => now < until) ?? shifts.at(-1)
  return (shift && plans[shift.plan]) ?? []
}

/** Whether the roster names anybody at all. */
export const reachesAnybody = ({ plans }: Pick<HostRoster, 'plans'>): boolean =>
  plans.some((plan) => plan.some(({ recipients }) => recipients.length > 0))

/** Takes every step that is due. */
export function takeSteps(outage: Outage, roster: HostRoster, now: number): Outage {
  let { step, next } = outage
  const pages = [...outage.pages]
  const { occurrence, answers } = outage
  const passed = answers.filter(({ until }) => until === null).map(({ person }) => person)
  while (next !== null && next <= now) {
    const planned = planAt(roster, now)[step]
    for (const recipient of planned?.recipients ?? []) {
      const id = pageId(outage, step, recipient.channel)
      const isNew = pages.every((page) => page.id !== id)
      if (isNew && !passed.includes(recipient.person ?? ''))
        pages.push({ ...recipient, ...fresh, id, occurrence, step, due: now })
    }
    const pause = planned?.pause ?? null
    next = pause === null ? null : now + pause * 1000
    step += 1
  }
  return { ...outage, step, next, pages }
}

const fresh = { state: 'pending', tries: 0, sent: null, problem: null } as const
const pageId = ({ alert, occurrence }: Outage, step: number, channel: string): string =>
  `outage-${alert}${occurrence === 1 ? '' : `.${occurrence}`}-${step}-${channel}`

export const duePages = ({ pages }: Outage, now: number): OutagePage[] =>
  pages.filter(({ state, due }) => state === 'pending' && due <= now)

const change = (outage: Outage, id: string, more: Partial<OutagePage>): Outage => ({
  ...outage,
  pages: outage.pages.map((page) => (page.id === id ? { ...page, ...more } : page)),
})

export const acceptPage = (outage: Outage, id: string, now: number): Outage =>
  change(outage, id, { state: 'sent', sent: now, problem: null })

/** Seconds until a message is tried again, by how often it was tried. */
const pauses = [5, 15, 60, 300]
/** The same when the person has another channel. */
const pausesWithOther = [5]
const cutOffPause = 15

/**
 * A channel has refused a message. It is tried again, then on the next channel of the person. If
 * every message of the last step has failed, the next step is due. While the host is cut off from
 * the network, a message is not given up.
 */
export function refusePage(
  outage: Outage,
  id: string,
  { problem, isCutOff, now }: { problem: string; isCutOff: boolean; now: number },
): Outage {
  const page = outage.pages.find((one) => one.id === id)
  // Somebody acknowledged it, or a server answered, while it was sent.
  if (page?.state !== 'pending') return outage
  if (isCutOff) return change(outage, id, { problem, due: now + cutOffPause * 1000 })
  const tries = page.tries + 1
  const [next, ...others] = page.others
  const pause = (next === undefined ? pauses : pausesWithOther)[page.tries]
  if (pause !== undefined) return change(outage, id, { problem, tries, due: now + pause * 1000 })
  const failed = change(outage, id, { problem, tries, state: 'failed' })
  if (next !== undefined) return withOther(failed, page, { next, others, now })
  const isOfLastStep = ({ occurrence, step }: OutagePage): boolean =>
    occurrence === failed.occurrence && step === failed.step - 1
  const ofStep = failed.pages.filter(isOfLastStep)
  const isLost = isOfLastStep(page) && ofStep.every(({ state }) => state === 'failed')
  return isLost && failed.next !== null ? { ...failed, next: now } : failed
}

function withOther(
  outage: Outage,
  { person, reason, occurrence, step }: OutagePage,
  { next, others, now }: { next: string; others: string[]; now: number },
): Outage {
  const id = pageId(outage, step, next)
  if (outage.pages.some((page) => page.id === id)) return outage
  const page = { ...fresh, id, channel: next, person, reason, others, occurrence, step, due: now }
  return { ...outage, pages: [...outage.pages, page] }
}

/** Messages that were not sent yet are not sent any more. */
const dropPending = (pages: readonly OutagePage[]): OutagePage[] =>
  pages.map((page) =>
    page.state === 'pending'
      ? { ...page, state: page.problem === null ? 'dropped' : 'failed' }
      : page,
  )

/** A person has it until a time: nothing more is sent before, and then everything again. */
export const acknowledgeOutage = (
  outage: Outage,
  answer: Outage['answers'][number] & { until: number },
): Outage => ({
  ...outage,
  ...{ occurrence: outage.occurrence + 1, step: 0, next: answer.until },
  answers: [...outage.answers, answer],
  pages: dropPending(outage.pages),
})

/** It is not of this person: the next step is due, and they get no further message. */
export const passOutage = (
  outage: Outage,
  answer: Pick<Outage['answers'][number], 'page' | 'person' | 'time'>,
): Outage => ({
  ...outage,
  next: outage.next === null ? null : answer.time,
  answers: [...outage.answers, { ...answer, until: null }],
})

/** A server answers again: nothing more is sent. */
export const endOutage = (outage: Outage, now: number): Outage => ({
  ...outage,
  ended: outage.ended ?? now,
  next: null,
  pages: dropPending(outage.pages),
})
