import type { User } from '#contract/access/access.ts'
import type { Role } from '#contract/endpoint.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'

export interface StoredUser extends Omit<User, 'grants'> {
  id: number
}

/** What the OpenID provider reports about a user. */
export interface Identity {
  issuer: string
  subject: string
  /** null unless the provider verified it */
  email: string | null
}

const columns = sql`u.id, u.name, u.email, u.role, u.groups, u.issuer, u.disabled, u.created,
  u.seen,
  (select coalesce(json_object_agg(app, role), '{}') from user_role where "user" = u.id) as apps`

export async function listUsers(db: Database): Promise<StoredUser[]> {
  return db.query<StoredUser>(sql`select ${columns} from "user" u order by lower(u.name)`)
}

/** The user with that name, whatever its case. */
export async function getUser(db: Database, name: string): Promise<StoredUser | null> {
  const rows = await db.query<StoredUser>(
    sql`select ${columns} from "user" u where lower(u.name) = lower(${name})`,
  )
  return rows[0] ?? null
}

/**
 * The user of an identity: one who signed in with it before, or one who was added with its e-mail
 * address and has not signed in through a provider.
 */
export async function findUser(
  db: Database,
  { issuer, subject, email }: Identity,
): Promise<StoredUser | null> {
  const rows = await db.query<StoredUser>(sql`select ${columns} from "user" u
    where (u.issuer = ${issuer} and u.subject = ${subject})
      or (u.issuer is null and lower(u.email) = lower(${email}::text))
    order by u.issuer nulls last limit 1`)
  return rows[0] ?? null
}

export function insertUser(user: {
  name: string
  email: string | null
  role: Role | null
}): Statement {
  return sql`insert into "user" (name, email, role)
    values (${user.name}, ${user.email}::text, ${user.role}::text)`
}

export interface UserChange {
  role?: Role | null | undefined
  email?: string | null | undefined
  disabled?: boolean | undefined
}

export function updateUser(id: number, change: UserChange): Statement {
  const set = [
    ...(change.role === undefined ? [] : [sql`role = ${change.role}::text`]),
    ...(change.email === undefined ? [] : [sql`email = ${change.email}::text`]),
    ...(change.disabled === undefined
      ? []
      : [sql`disabled = case when ${change.disabled}::boolean then coalesce(disabled, now()) end`]),
  ]
  return sql`update "user" set ${join([sql`name = name`, ...set], ', ')} where id = ${id}`
}

/**
 * Binds a user to an identity and stores its current groups and e-mail address. An address that
 * belongs to another user is not taken over.
 */
export function bindUser(name: string, identity: Identity & { groups: string[] }): Statement {
  const { issuer, subject, email, groups } = identity
  return sql`update "user" u set issuer = ${issuer}, subject = ${subject},
    groups = ${groups}::text[],
    email = case when ${email}::text is null or exists (
        select 1 from "user" o where o.id <> u.id and lower(o.email) = lower(${email}::text))
      then u.email else ${email}::text end
    where lower(u.name) = lower(${name})`
}

/** Records that a user was active now. */
export function touchUser(name: string): Statement {
  return sql`update "user" set seen = now() where lower(name) = lower(${name})`
}

export function deleteUser(id: number): Statement {
  return sql`delete from "user" where id = ${id}`
}

/** Sets the role of a user for one app; null removes it. */
export function setRole(user: number, app: string, role: Role | null): Statement {
  if (role === null) return sql`delete from user_role where "user" = ${user} and app = ${app}`
  return sql`insert into user_role ("user", app, role) values (${user}, ${app}, ${role})
    on conflict ("user", app) do update set role = excluded.role`
}
