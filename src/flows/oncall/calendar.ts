import { timingSafeEqual } from 'node:crypto'
import { hashOf } from '#domains/access/secret.ts'
import { writeCalendar } from '#domains/oncall/calendar.ts'
import { shiftsOf } from '#domains/oncall/shifts.ts'
import * as store from '#domains/oncall/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'

const day = 86_400_000
const period = { before: 14 * day, after: 92 * day }

/** The calendar of a rota as iCalendar; null when the key is not that of its address. */
export async function calendarText(
  { db, publicUrl }: { db: Database; publicUrl: string },
  { rota, key, now }: { rota: string; key: string; now: number },
): Promise<string | null> {
  const [stored, hash] = await Promise.all([store.getRota(db, rota), store.calendarHash(db, rota)])
  const given = Buffer.from(hashOf(key))
  if (!stored || hash === null || !timingSafeEqual(given, Buffer.from(hash))) return null
  const span = { from: now - period.before, until: now + period.after }
  const overrides = (await store.listOverrides(db, rota, span.from)).map(store.spanOf)
  const host = new URL(publicUrl).hostname
  return writeCalendar(rota, host, Date.parse(stored.modified), shiftsOf(stored, overrides, span))
}
