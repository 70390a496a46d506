import type { App, Change, Repository } from '#contract/app/app.ts'
import { withoutCredentials } from '#platform/git/git.ts'
import { sqlState, type Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { ChangePerson } from './push.ts'

/** An app as it is stored. `head` is the head of its branch that was delivered last. */
export interface StoredApp {
  name: string
  repository: Repository
  branch: string
  folder: string
  created: string
  head: string | null
  problem: string | null
}

const columns = sql`name, repository, branch, folder, created, head, problem`

export async function getApp(db: Database, name: string): Promise<StoredApp | null> {
  return (
    (await db.query<StoredApp>(sql`select ${columns} from app where name = ${name}`))[0] ?? null
  )
}

export async function listApps(db: Database): Promise<StoredApp[]> {
  return db.query<StoredApp>(sql`select ${columns} from app order by name`)
}

/** The fields that an app is registered with. */
export type NewApp = Pick<StoredApp, 'name' | 'repository' | 'branch' | 'folder'>

export function insertApp(app: NewApp): Statement {
  return sql`insert into app (name, repository, branch, folder)
    values (${app.name}, ${app.repository}::jsonb, ${app.branch}, ${app.folder})`
}

export function deleteApp(name: string): Statement {
  return sql`delete from app where name = ${name}`
}

/** Another delivered branch; whether it exists is checked next. */
export function setBranch(name: string, branch: string): Statement {
  return sql`update app set branch = ${branch}, problem = null where name = ${name}`
}

/** The newest commits of the branch that are changes. */
export async function listChangeIds(db: Database, app: string, limit: number): Promise<string[]> {
  const rows = await db.query<{ sha: string }>(
    sql`select sha from change where app = ${app} and branch not like 'pull/%'
      order by received desc limit ${limit}`,
  )
  return rows.map(({ sha }) => sha)
}

export function setProblem(name: string, problem: string | null): Statement {
  return sql`update app set problem = ${problem}::text
    where name = ${name} and problem is distinct from ${problem}::text`
}

/**
 * Moves the head. When another process has moved it meanwhile, the statement divides by zero, which
 * undoes the batch; see `isLostRace`.
 */
export function moveHead(name: string, from: string | null, to: string | null): Statement {
  return sql`with moved as (update app set head = ${to}::text
      where name = ${name} and head is not distinct from ${from}::text returning 1)
    select 1 / count(*) from moved`
}

export const isLostRace = (error: unknown): boolean => sqlState(error) === '22012'

/** True for the error of a row that another process has stored meanwhile. */
export const isKnown = (error: unknown): boolean => sqlState(error) === '23505'

/**
 * Inserts a change. A commit that returns by a force-push (`again`) keeps its first row and chain.
 * One that was the head of a pull request belongs to the branch from then on.
 */
export function insertChange(change: Omit<Change, 'received'>, again: boolean): Statement {
  return sql`insert into change (app, sha, base, branch, subject, author, committed, chain)
    values (${change.app}, ${change.sha}, ${change.base}::text, ${change.branch},
      ${change.subject}, ${change.author}::jsonb,
      ${change.committed}::timestamptz, ${change.chain}) ${
        again
          ? sql`on conflict (app, sha) do update
            set branch = excluded.branch, base = excluded.base, received = now()
            where change.branch like 'pull/%'`
          : sql``
      }`
}

/** Adds people to a change; those that it has stay. */
export function addPeople(app: string, sha: string, people: ChangePerson[]): Statement {
  return sql`update change set people = people || (
      select coalesce(jsonb_agg(p), '[]')
      from jsonb_array_elements(${JSON.stringify(people)}::jsonb) p
      where not people @> jsonb_build_array(p))
    where app = ${app} and sha = ${sha}`
}

/** Inserts the head of a pull request as a change; a commit that is stored already stays. */
export function insertHead(change: Omit<Change, 'received'>): Statement {
  return sql`insert into change (app, sha, base, branch, subject, author, committed, chain)
    values (${change.app}, ${change.sha}, ${change.base}::text, ${change.branch},
      ${change.subject}, ${change.author}::jsonb,
      ${change.committed}::timestamptz, ${change.chain})
    on conflict (app, sha) do nothing`
}

export async function getChange(db: Database, app: string, sha: string): Promise<Change | null> {
  const rows = await db.query<Change>(sql`
    select app, sha, base, branch, subject, author, committed, received, chain
    from change where app = ${app} and sha = ${sha}`)
  return rows[0] ?? null
}

/** The app as the API shows it, without credentials in the address. */
export function toApp(stored: StoredApp, publicUrl: string): App {
  const { repository } = stored
  return {
    name: stored.name,
    repository:
      repository.kind === 'url'
        ? { kind: 'url', url: withoutCredentials(repository.url) }
        : repository,
    branch: stored.branch,
    folder: stored.folder,
    remote: `${publicUrl}/git/${stored.name}.git`,
    created: stored.created,
    problem: stored.problem,
  }
}
