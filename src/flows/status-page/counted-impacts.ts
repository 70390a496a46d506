import type { Impact } from '#contract/incident/impact.ts'
import { getIncident } from '#domains/incident/store.ts'
import { impactOf } from '#flows/incident/impact.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { PageIncident } from '#views/status-page.ts'

/** Milliseconds for which a count is used again: a long incident has many rows to count. */
const countEvery = 60_000

/** The impact of incidents that go on, counted once a minute and when they end. */
export class CountedImpacts {
  #counted = new Map<number, { at: number; over: number | null; impact: Impact | null }>()

  async of(
    db: Database,
    { id, over }: Pick<PageIncident, 'id' | 'over'>,
    now: number,
  ): Promise<Impact | null> {
    const known = this.#counted.get(id)
    if (known && known.over === over && Math.abs(now - known.at) < countEvery) return known.impact
    const incident = await getIncident(db, id)
    const impact = incident && (await impactOf(db, incident, now))
    this.#counted.set(id, { at: now, over, impact })
    return impact
  }

  /** Forgets the other incidents. */
  keep(ids: readonly number[]): void {
    for (const id of this.#counted.keys()) if (!ids.includes(id)) this.#counted.delete(id)
  }
}
