import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** A message to a person, for its link. */
export async function getNotification(
  db: Database,
  id: number,
): Promise<{ id: number; alert: number; person: string; answered: string | null } | null> {
  const rows = await db.query<{
    id: number
    alert: number
    person: string
    answered: string | null
  }>(
    sql`select id, alert, person, answered from notification
      where id = ${id} and person is not null and kind = 'opened'`,
  )
  return rows[0] ?? null
}

/** Marks the link of a message as used; false when it was used before. */
export async function useLink(db: Database, id: number): Promise<boolean> {
  const rows = await db.query(sql`update notification set answered = now()
    where id = ${id} and answered is null returning id`)
  return rows.length > 0
}
