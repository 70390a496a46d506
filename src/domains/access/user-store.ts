import type { User } from '#contract/access/access.ts'
import type { Role } from '#contract/endpoint.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'

export interface StoredUser extends Omit<User, 'reach'> {
  id: number
}

const columns = sql`u.id, u.name, u.email, u.role, u.groups, u.issuer, u.disabled, u.created, u.seen,
  (select coalesce(json_object_agg(app, role), '{}') from user_role where "user" = u.id) as apps`

export async function listUsers(db: Database): Promise<StoredUser[]> {
  return db.query<StoredUser>(sql`select ${columns} from "user" u order by lower(u.name)`)
}

/** Whose name it is, in any case. */
export async function getUser(db: Database, name: string): Promise<StoredUser | null> {
  return (
    (
      await db.query<StoredUser>(
        sql`select ${columns} from "user" u where lower(u.name) = lower(${name})`,
      )
    )[0] ?? null
  )
}

/**
 * Who a provider speaks of: known from before, or added with that address and not signed in yet.
 */
export async function findUser(
  db: Database,
  who: { issuer: string; subject: string; email: string | null },
): Promise<StoredUser | null> {
  const rows = await db.query<StoredUser>(sql`select ${columns} from "user" u
    where (u.issuer = ${who.issuer} and u.subject = ${who.subject})
      or (u.issuer is null and lower(u.email) = lower(${who.email}::text))
    order by u.issuer nulls last limit 1`)
  return rows[0] ?? null
}

export function insertUser(user: {
  name: string
  email: string | null
  role: Role | null
}): Statement {
  return sql`insert into "user" (name, email, role) values (${user.name}, ${user.email}::text, ${user.role}::text)`
}

export interface ChangedUser {
  role?: Role | null | undefined
  email?: string | null | undefined
  disabled?: boolean | undefined
}

export function updateUser(id: number, change: ChangedUser): Statement {
  const set = [
    ...(change.role === undefined ? [] : [sql`role = ${change.role}::text`]),
    ...(change.email === undefined ? [] : [sql`email = ${change.email}::text`]),
    ...(change.disabled === undefined
      ? []
      : [sql`disabled = case when ${change.disabled}::boolean then coalesce(disabled, now()) end`]),
  ]
  return sql`update "user" set ${join([sql`name = name`, ...set], ', ')} where id = ${id}`
}

/** What the provider says now. An address that somebody else has stays theirs. */
export function bindUser(
  name: string,
  who: { issuer: string; subject: string; email: string | null; groups: string[] },
): Statement {
  return sql`update "user" u set issuer = ${who.issuer}, subject = ${who.subject}, groups = ${who.groups}::text[],
    email = case when ${who.email}::text is null or exists (select 1 from "user" o where o.id <> u.id and lower(o.email) = lower(${who.email}::text))
      then u.email else ${who.email}::text end
    where lower(u.name) = lower(${name})`
}

export function seen(name: string): Statement {
  return sql`update "user" set seen = now() where lower(name) = lower(${name})`
}

export function deleteUser(id: number): Statement {
  return sql`delete from "user" where id = ${id}`
}

export function setRole(user: number, app: string, role: Role | null): Statement {
  if (role === null) return sql`delete from user_role where "user" = ${user} and app = ${app}`
  return sql`insert into user_role ("user", app, role) values (${user}, ${app}, ${role})
    on conflict ("user", app) do update set role = excluded.role`
}

/**
 * Ends what a user is signed in with. Tokens stay theirs, and open nothing while they are disabled.
 */
export function endSessionsOf(user: number): Statement {
  return sql`delete from session where "user" = ${user}`
}
