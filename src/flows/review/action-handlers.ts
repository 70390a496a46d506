import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { Incident } from '#contract/incident/incident.ts'
import type { ActionProof, ReviewAction } from '#contract/review/review.ts'
import { getUser } from '#domains/access/user-store.ts'
import { judgeAction, type Judgement } from '#domains/review/proof.ts'
import { setRemoved } from '#domains/review/issue-store.ts'
import * as store from '#domains/review/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { evidenceOf } from '#views/review-evidence.ts'
import { mustGet, type ReviewHandlersOptions } from './handlers.ts'
import { dayOf, readReview } from './read.ts'
import { actionFacts, headOf } from './words.ts'

type ActionEndpoints = 'createReviewAction' | 'changeReviewAction' | 'deleteReviewAction'

/** The actions of reviews. Nobody closes one: its proof does. */
export function reviewActionHandlers({
  db,
  now,
}: ReviewHandlersOptions): SomeHandlers<ActionEndpoints> {
  const read = (id: number, caller: Caller) => readReview(db, id, caller, now())
  const nowIso = (): string => new Date(now()).toISOString()
  return {
    createReviewAction: async ({ params: { incident: id }, body }, caller) => {
      const { incident } = await mustGet(db, id)
      const planned = { ...body, owner: await ownerOf(db, body.owner, caller) }
      const judgement = await judgeNow(db, incident, planned.proof)
      const action = await store.nextAction(db)
      const { due } = planned
      await db.batch([
        store.putAction({ id: action, incident: id }, planned, { ...judgement, since: nowIso() }),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-review.actionadded',
          ...headOf({ incident: id, app: incident.app }, caller),
          data: { ...actionFacts(incident, { ...planned, id: action }), due },
        }),
      ])
      return read(id, caller)
    },
    changeReviewAction: async ({ params: { incident: id, action }, body }, caller) => {
      const { incident } = await mustGet(db, id)
      const old = await mustHave(db, id, action, now())
      const owner = body.owner === undefined ? old.owner : await ownerOf(db, body.owner, caller)
      const planned = {
        ...{ owner, title: body.title ?? old.title, due: body.due ?? old.due },
        proof: body.proof ?? old.proof,
      }
      // Another proof has its own past.
      const judgement = body.proof
        ? { ...(await judgeNow(db, incident, body.proof)), since: nowIso() }
        : old
      await db.batch([
        store.putAction({ id: action, incident: id }, planned, judgement),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-review.actionchanged',
          ...headOf({ incident: id, app: incident.app }, caller),
          data: { ...actionFacts(incident, { ...planned, id: action }), due: planned.due },
        }),
      ])
      return read(id, caller)
    },
    deleteReviewAction: async ({ params: { incident: id, action }, body: { reason } }, caller) => {
      const { incident } = await mustGet(db, id)
      const old = await mustHave(db, id, action, now())
      await db.batch([
        store.deleteAction(action),
        setRemoved(action, reason),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-review.actionremoved',
          ...headOf({ incident: id, app: incident.app }, caller),
          data: { ...actionFacts(incident, old), reason },
        }),
      ])
      return read(id, caller)
    },
  }
}

const unjudged = { state: 'open', failed: null } as const

/** The state that an action begins with: `proven` by events follows with the next check. */
async function judgeNow(
  db: Database,
  { app, onset, detected }: Incident,
  proof: ActionProof,
): Promise<Judgement> {
  const began = onset?.from ?? detected
  const judgement = judgeAction(proof, unjudged, await evidenceOf(db, { app, began }, proof))
  return judgement.state === 'proven' ? { ...judgement, state: 'open' } : judgement
}

async function ownerOf(db: Database, name: string | undefined, caller: Caller): Promise<string> {
  if (name === undefined || name === caller.name) return caller.name
  const user = await getUser(db, name)
  if (!user || user.disabled !== null)
    throw new FairleadError('not_found', { kind: 'user', id: name })
  return user.name
}

/** An action of a review. */
export async function mustHave(
  db: Database,
  incident: number,
  id: number,
  now: number,
): Promise<ReviewAction> {
  const actions = await store.listActions(db, incident, dayOf(now))
  const action = actions.find((one) => one.id === id)
  if (!action)
    throw new FairleadError('not_found', {
      kind: `action of the review of incident ${incident}`,
      id,
    })
  return action
}
