import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { forgeOf } from '#domains/forge/registry.ts'
import { getForge } from '#domains/forge/store.ts'
import * as issues from '#domains/review/issue-store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { mustHave } from './action-handlers.ts'
import { mustGet, type ReviewHandlersOptions } from './handlers.ts'
import { readReview } from './read.ts'
import { actionFacts, headOf } from './words.ts'

/** Issues of actions at the Git provider of their app. A background job creates them. */
export function reviewIssueHandlers({
  db,
  now,
}: ReviewHandlersOptions): SomeHandlers<'createReviewIssue'> {
  return {
    createReviewIssue: async ({ params: { incident: id, action } }, caller) => {
      const { incident } = await mustGet(db, id)
      const found = await mustHave(db, id, action, now())
      const app = await mustHaveIssues(db, id, incident.app)
      const exists = new FairleadError('already_exists', {
        kind: 'issue of the action',
        id: action,
      })
      if (await issues.hasIssue(db, action)) throw exists
      const writes = [
        issues.requestIssue({ action, review: id, app }, now()),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-review.issuerequested',
          ...headOf({ incident: id, app }, caller),
          data: actionFacts(incident, found),
        }),
      ]
      await db.batch(writes).catch(async (error: unknown) => {
        // Another request may have done the same meanwhile.
        throw (await issues.hasIssue(db, action)) ? exists : error
      })
      return readReview(db, id, caller, now())
    },
  }
}

/** The app of an incident, if its Git provider has issues. */
async function mustHaveIssues(db: Database, incident: number, app: string | null): Promise<string> {
  const refuse = (why: string) => new FairleadError('not_now', { why })
  if (app === null)
    throw refuse(`Incident ${incident} belongs to no app, and so to no Git provider`)
  const forge = await getForge(db, app)
  if (!forge)
    throw refuse(`${app} is not connected to a Git provider (\`fairlead provider set\` does it)`)
  const { api, title } = forgeOf(forge.kind)
  if (!api?.hasIssues) throw refuse(`Fairlead does not create issues at ${title}`)
  return app
}
