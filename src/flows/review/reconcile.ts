import { getIncident } from '#domains/incident/store.ts'
import { judgeAction, type Judgement } from '#domains/review/proof.ts'
import * as store from '#domains/review/store.ts'
import { appendEvent } from '#engine/events.ts'
import { type Database, sqlState } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import {
  type ActionToJudge,
  actionsToJudge,
  type IncidentToReview,
  incidentsToReview,
} from '#views/review.ts'
import { evidenceOf } from '#views/review-evidence.ts'
import { actionFacts, factsOf, headOf } from './words.ts'

export interface ReviewsParts {
  db: Database
  now(): number
}

/**
 * Begins the reviews of incidents that closed, and judges every action by its proof. It keeps no
 * state: a repetition, on any server, changes nothing. Each change is one transaction.
 */
export async function reconcileReviews(parts: ReviewsParts): Promise<void> {
  for (const one of await incidentsToReview(parts.db)) await begin(parts, one)
  for (const action of await actionsToJudge(parts.db)) {
    const at = parts.now()
    const began = new Date(searchFrom(action, at)).toISOString()
    const evidence = await evidenceOf(parts.db, { ...action, began }, action.proof)
    const judgement = judgeAction(action.proof, action, evidence)
    if (isNew(action, judgement))
      await unlessOvertaken(parts.db, [
        store.judge(action, judgement, parts.now()),
        ...eventsOf(action, judgement),
      ])
    if (judgement.failed === null && isLongAgo(action.searched, at))
      await parts.db.batch([store.setSearched(action, at)])
  }
}

/** Milliseconds after which the end of a search is stored, and that a result may be stored late. */
const searchedEvery = 600_000
const lateMs = 3_600_000

/**
 * From when results are searched for the first failure of a proof, in milliseconds: only what is
 * new. Once the failure is known, no other result says more about it.
 */
function searchFrom({ failed, began, searched }: ActionToJudge, now: number): number {
  if (failed !== null) return now
  return Math.max(Date.parse(began), searched === null ? 0 : Date.parse(searched) - lateMs)
}

const isLongAgo = (time: string | null, now: number): boolean =>
  time === null || now - Date.parse(time) > searchedEvery

async function begin(
  { db, now }: ReviewsParts,
  { incident: id, hasReview, kinds }: IncidentToReview,
): Promise<void> {
  if (hasReview) return void (await db.batch([store.addKinds(id, kinds)]))
  const incident = await getIncident(db, id)
  if (!incident) return
  await unlessOvertaken(db, [
    store.insertReview(id, { kinds, by: 'fairlead', now: now() }),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-review.created',
      ...headOf({ incident: id, app: incident.app }),
      data: factsOf(incident),
    }),
  ])
}

/** What a person or another server has done meanwhile stays; the next run looks at it. */
async function unlessOvertaken(db: Database, statements: Statement[]): Promise<void> {
  try {
    await db.batch(statements)
  } catch (error) {
    if (!['22012', '23505'].includes(sqlState(error) ?? '')) throw error
  }
}

const isNew = (action: ActionToJudge, { state, reason, failed }: Judgement): boolean =>
  state !== action.state ||
  reason !== action.reason ||
  (failed === null) !== (action.failed === null)

/** What is worth an event: an action is proven, or is not any more. */
function eventsOf(action: ActionToJudge, { state, reason }: Judgement): Statement[] {
  const facts = actionFacts({ ...action, title: action.incidentTitle }, action)
  if (state === 'proven' && action.state !== 'proven')
    return [
      appendEvent({
        type: 'dev.cdeventsx.fairlead-review.actionproven',
        ...headOf(action),
        data: { ...facts, reason },
      }),
    ]
  if (state !== 'proven' && action.state === 'proven')
    return [
      appendEvent({
        type: 'dev.cdeventsx.fairlead-review.actionreopened',
        ...headOf(action),
        data: { ...facts, state, reason },
      }),
    ]
  return []
}
