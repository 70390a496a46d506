import type { Role } from '#contract/endpoint.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The user that a token or a session belongs to, with what decides on their grants. */
export interface Principal {
  id: number
  name: string
  email: string | null
  role: Role | null
  apps: Record<string, Role>
  groups: string[]
}

/** The column `user` of a query that joins "user" as `u`; null where there is none. */
export const principalColumn = sql`case when u.id is not null then json_build_object(
  'id', u.id, 'name', u.name, 'email', u.email, 'role', u.role, 'groups', u.groups,
  'apps', (select coalesce(json_object_agg(app, role), '{}') from user_role where "user" = u.id)
  ) end as "user"`
