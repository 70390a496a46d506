import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** A person of a change, as the git remote or a forge names them. */
export interface PersonOfChange {
  name: string
  email: string | null
  /** the push ended with exactly this commit */
  isPusher: boolean
  /** the name or the e-mail address is that of a user */
  isUser: boolean
}

/** The people who pushed a change, and the authors of the pull requests that it merged. */
export async function peopleOfChange(
  db: Database,
  app: string,
  sha: string,
): Promise<PersonOfChange[]> {
  return db.query<PersonOfChange>(sql`
    select p.name, p.email, p."isPusher", exists (select from "user" u
        where lower(u.name) = lower(p.name) or lower(u.email) = lower(p.email)) as "isUser"
    from (
      select q.name, q.email, q."isPusher" from change c,
        jsonb_to_recordset(c.people) as q(name text, email text, "isPusher" boolean)
      where c.app = ${app} and c.sha = ${sha}
      union all
      select author, null, false from pull_request r
      where r.app = ${app} and (r.sha = ${sha} or starts_with(${sha}, r.merged_as))) p`)
}
