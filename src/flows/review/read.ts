import { may } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import type { ReviewDetail } from '#contract/review/review.ts'
import { sectionsOf } from '#domains/review/facts.ts'
import { renderReview } from '#domains/review/markdown.ts'
import * as store from '#domains/review/store.ts'
import { readIncident } from '#flows/incident/handlers.ts'
import { impactOf } from '#flows/incident/impact.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { listReviews } from '#views/review.ts'

/** The day of a time in milliseconds, UTC: `2026-12-14`. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** A review with the facts of its incident; a draft only for people who may change the app. */
export async function readReview(
  db: Database,
  incident: number,
  caller: Caller,
  now: number,
): Promise<ReviewDetail> {
  const every = { apps: null, draftsOf: null, limit: 1 }
  const [stored, [review]] = await Promise.all([
    store.getReview(db, incident),
    listReviews(db, { ...every, incident }, dayOf(now)),
  ])
  const isVisible = (app: string | null): boolean =>
    stored?.audience !== 'draft' || may(caller, 'developer', app)
  if (!stored || !review || !isVisible(review.app))
    throw new FairleadError('not_found', { kind: 'review of the incident', id: incident })
  const detail = await readIncident(db, incident, caller, now)
  const [impact, actionList] = await Promise.all([
    impactOf(db, detail, now),
    store.listActions(db, incident, dayOf(now)),
  ])
  const whole = {
    ...{ ...review, actionList, timeline: detail.timeline, outside: stored.outside },
    sections: sectionsOf({ ...detail, impact }, stored.sections),
  }
  return { ...whole, markdown: renderReview(whole) }
}
