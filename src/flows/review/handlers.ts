import { may, visibleApps } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { Incident } from '#contract/incident/incident.ts'
import { getIncident } from '#domains/incident/store.ts'
import { normalizeText, parseReview, type Sections } from '#domains/review/markdown.ts'
import { moment } from '#domains/review/moment.ts'
import * as store from '#domains/review/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { kindsOfIncident, listReviews } from '#views/review.ts'
import { dayOf, readReview } from './read.ts'
import { factsOf, headOf } from './words.ts'

export interface ReviewHandlersOptions {
  db: Database
  /** milliseconds since 1970 */
  now(): number
}

type ReviewEndpoints =
  | 'listReviews'
  | 'getReview'
  | 'createReview'
  | 'changeReview'
  | 'publishReview'

export function reviewHandlers({ db, now }: ReviewHandlersOptions): SomeHandlers<ReviewEndpoints> {
  const read = (id: number, caller: Caller) => readReview(db, id, caller, now())
  return {
    listReviews: async ({ query: { overdue, ...query } }, caller) => {
      const filter = { ...query, overdue: overdue === 'true', ...scopeOf(caller) }
      const reviews = await listReviews(db, filter, dayOf(now()))
      const next = reviews.length === query.limit ? (reviews.at(-1)?.incident ?? null) : null
      return { reviews, next }
    },
    getReview: async ({ params }, caller) => read(params.incident, caller),
    createReview: async ({ params: { incident: id } }, caller) => {
      const incident = await getIncident(db, id)
      if (!incident) throw new FairleadError('not_found', { kind: 'incident', id })
      const exists = new FairleadError('already_exists', { kind: 'review of the incident', id })
      if (await store.getReview(db, id)) throw exists
      const kinds = await kindsOfIncident(db, id)
      const writes = [
        store.insertReview(id, { kinds, by: caller.name, now: now() }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-review.created',
          ...headOf({ incident: id, app: incident.app }, caller),
          data: factsOf(incident),
        }),
      ]
      await db.batch(writes).catch(async (error: unknown) => {
        // Another request, or the server itself, may have begun it meanwhile.
        throw (await store.getReview(db, id)) ? exists : error
      })
      return read(id, caller)
    },
    changeReview: async ({ params: { incident: id }, body }, caller) => {
      const { review, incident } = await mustGet(db, id)
      const { before, sections } = changeOf(id, body)
      mustBeVersion(review, before)
      const names = changedNames(review.sections, sections)
      if (names.length === 0) return read(id, caller)
      await change(db, review, [
        store.setSections(id, { before, sections, by: caller.name, now: now() }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-review.changed',
          ...headOf({ incident: id, app: incident.app }, caller),
          data: { ...factsOf(incident), version: before + 1, sections: names },
        }),
      ])
      return read(id, caller)
    },
    publishReview: async ({ params: { incident: id }, body: { version, audience } }, caller) => {
      const { review, incident } = await mustGet(db, id)
      mustBeVersion(review, version)
      const outside = audience === 'outside' ? outsideText(incident, review.sections) : null
      const by = caller.name
      await change(db, review, [
        store.setAudience(id, { before: version, audience, outside, by, now: now() }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-review.published',
          ...headOf({ incident: id, app: incident.app }, caller),
          data: { ...factsOf(incident), version: version + 1, audience },
        }),
      ])
      return read(id, caller)
    },
  }
}

/** The apps whose reviews a caller sees, and those whose drafts; null for all. */
function scopeOf(caller: Caller): { apps: string[] | null; draftsOf: string[] | null } {
  const apps = visibleApps(caller)
  const own = Object.keys(caller.apps).filter((app) => may(caller, 'developer', app))
  return { apps, draftsOf: may(caller, 'developer', null) ? null : own }
}

/** A review and its incident. */
export async function mustGet(
  db: Database,
  id: number,
): Promise<{ review: store.StoredReview; incident: Incident }> {
  const [review, incident] = await Promise.all([store.getReview(db, id), getIncident(db, id)])
  if (!review || !incident)
    throw new FairleadError('not_found', { kind: 'review of the incident', id })
  return { review, incident }
}

const overtaken = ({ incident, version }: store.StoredReview): FairleadError =>
  new FairleadError('not_now', {
    why:
      `The review of incident ${incident} was changed meanwhile, and its version is ${version}: ` +
      'read it again, and add your changes to it',
  })

function mustBeVersion(review: store.StoredReview, version: number): void {
  if (review.version !== version) throw overtaken(review)
}

/** Changes a review, unless somebody has changed it since it was read. */
async function change(
  db: Database,
  review: store.StoredReview,
  statements: Statement[],
): Promise<void> {
  try {
    await db.batch(statements)
  } catch (error) {
    const stored = await store.getReview(db, review.incident)
    if (!stored || stored.version === review.version) throw error
    throw overtaken(stored)
  }
}

interface ReviewChange {
  version?: number | undefined
  sections?: Sections | undefined
  markdown?: string | undefined
}

/** The changed sections and the version that they are based on. */
function changeOf(
  id: number,
  { version, sections, markdown }: ReviewChange,
): { before: number; sections: Sections } {
  const parsed =
    markdown === undefined
      ? { incident: null, version: null, sections: sections ?? {} }
      : parseReview(markdown)
  const refuse = (field: string, problem: string): never => {
    throw new FairleadError('invalid_input', { field, problem })
  }
  if (parsed.incident !== null && parsed.incident !== id)
    refuse('body.markdown', `is the review of incident ${parsed.incident}`)
  const before = version ?? parsed.version
  if (before === null)
    return refuse('body.version', 'is needed: the version of the review that you changed')
  const texts = parsed.sections
  if (Object.keys(texts).length === 0)
    refuse('body.markdown', 'has no section of a review: keep headings such as `## Summary`')
  const long = Object.entries(texts).find(([, text]) => text.length > 20_000)
  if (long) refuse(`body.sections.${long[0]}`, 'must have at most 20,000 characters')
  const entries = Object.entries(texts).map(([name, text]) => [name, normalizeText(text)])
  return { before, sections: Object.fromEntries(entries) as Sections }
}

const changedNames = (old: Sections, now: Sections): string[] =>
  Object.entries(now).flatMap(([name, text]) =>
    text === (old[name as keyof Sections] ?? '') ? [] : [name],
  )

/** What the public may read: the times, and what people wrote for customers. */
function outsideText(
  { onset, detected, over }: Pick<Incident, 'onset' | 'detected' | 'over'>,
  { customers = '' }: Sections,
): string {
  if (customers.trim() === '')
    throw new FairleadError('not_now', {
      why: 'The section “For customers” is empty, and only it is published outside',
    })
  const end = over === null ? 'It is not over.' : `It was over at ${moment(over)}.`
  return `It began at ${moment(onset?.from ?? detected)}. ${end}\n\n${customers}`
}
