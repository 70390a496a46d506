import { may } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import type { Incident } from '#contract/incident/incident.ts'
import { mergeIncidents, whyNotMerge } from '#domains/incident/merge.ts'
import { merge, versionsOf } from '#domains/incident/merge-store.ts'
import * as store from '#domains/incident/store.ts'
import { moveUpdates } from '#domains/status-page/update-store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { countImpact } from './impact.ts'
import { factsOf, headOf } from './words.ts'

const mostTries = 5

/**
 * Merges the incident `other` into the incident `kept`, in one transaction; a repetition changes
 * nothing. When one of them changes meanwhile, it decides again.
 */
export async function mergeByPerson(
  { db, now }: { db: Database; now(): number },
  { kept, other }: { kept: number; other: number },
  caller: Caller,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const versions = await versionsOf(db, [kept, other])
    const one = await mustSee(db, kept, caller)
    const two = await mustSee(db, other, caller)
    if (two.mergedInto === kept) return
    const why = whyNotMerge(one, two)
    if (why !== null) throw new FairleadError('not_now', { why })
    try {
      return await write(db, one, two, { caller, now: now(), versions })
    } catch (error) {
      const after = await versionsOf(db, [kept, other])
      const isOvertaken = [kept, other].some((id) => versions.get(id) !== after.get(id))
      if (!isOvertaken || tries === mostTries) throw error
    }
  }
}

async function write(
  db: Database,
  kept: Incident,
  other: Incident,
  { caller, now, versions }: { caller: Caller; now: number; versions: Map<number, string> },
): Promise<void> {
  const at = new Date(now).toISOString()
  const impact = await countImpact(db, other, now)
  await db.batch([
    ...merge(
      { kept: kept.id, other: other.id, versions, by: caller.name, at },
      mergeIncidents(kept, other),
    ),
    store.keepImpact(other.id, impact),
    // An incident that is over tells its end to customers by itself.
    ...(other.over === null
      ? moveUpdates(other.id, { incident: kept.id, occurrence: kept.occurrence })
      : []),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-incident.merged',
      ...headOf(other, caller),
      data: { ...factsOf(other), into: kept.id },
    }),
  ])
}

/** An incident that the caller may not see does not exist for them. */
async function mustSee(db: Database, id: number, caller: Caller): Promise<Incident> {
  const incident = await store.getIncident(db, id)
  if (!incident || !may(caller, 'viewer', incident.app))
    throw new FairleadError('not_found', { kind: 'incident', id })
  return incident
}
