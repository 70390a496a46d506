import type { HostRoster, Outage, OutagePage, RosterPlan } from '#contract/host/roster.ts'

/** The rules of what a host sends while no server answers. Pure; times are in milliseconds. */

export const beginOutage = (alert: number, since: number, now: number): Outage => ({
  ...{ alert, since, began: now, ended: null, step: 0, next: now, pages: [] },
})

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
  while (next !== null && next <= now) {
    const planned = planAt(roster, now)[step]
    for (const recipient of planned?.recipients ?? []) {
      const id = pageId(outage, step, recipient.channel)
      if (pages.every((page) => page.id !== id))
        pages.push({ ...recipient, ...fresh, id, step, due: now })
    }
    const pause = planned?.pause ?? null
    next = pause === null ? null : now + pause * 1000
    step += 1
  }
  return { ...outage, step, next, pages }
}

const fresh = { state: 'pending', tries: 0, sent: null, problem: null } as const
const pageId = ({ alert }: Outage, step: number, channel: string): string =>
  `outage-${alert}-${step}-${channel}`

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
  if (!page) return outage
  if (isCutOff) return change(outage, id, { problem, due: now + cutOffPause * 1000 })
  const tries = page.tries + 1
  const [next, ...others] = page.others
  const pause = (next === undefined ? pauses : pausesWithOther)[page.tries]
  if (pause !== undefined) return change(outage, id, { problem, tries, due: now + pause * 1000 })
  const failed = change(outage, id, { problem, tries, state: 'failed' })
  if (next !== undefined) return withOther(failed, page, { next, others, now })
  const ofStep = failed.pages.filter(({ step }) => step === failed.step - 1)
  const isLost = page.step === failed.step - 1 && ofStep.every(({ state }) => state === 'failed')
  return isLost && failed.next !== null ? { ...failed, next: now } : failed
}

function withOther(
  outage: Outage,
  { person, reason, step }: OutagePage,
  { next, others, now }: { next: string; others: string[]; now: number },
): Outage {
  const id = pageId(outage, step, next)
  if (outage.pages.some((page) => page.id === id)) return outage
  const page = { ...fresh, id, channel: next, person, reason, others, step, due: now }
  return { ...outage, pages: [...outage.pages, page] }
}

/** A server answers again: nothing more is sent. */
export const endOutage = (outage: Outage, now: number): Outage => ({
  ...outage,
  ended: outage.ended ?? now,
  next: null,
  pages: outage.pages.map((page) =>
    page.state === 'pending'
      ? {
          ...page,
          state: 'failed',
          problem: page.problem ?? 'a server answered before it was sent',
        }
      : page,
  ),
})
