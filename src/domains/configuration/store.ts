import type { Configuration } from '#contract/environment/environment.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { SealedValue } from '#platform/secret/secret-box.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { StoredConfiguration } from './configuration.ts'

const empty: StoredConfiguration = { version: 0, variables: {}, secrets: {} }

/**
 * The configuration in force, or a given version. Version 0 is the empty configuration of a new
 * environment.
 */
export async function getStored(
  db: Database,
  app: string,
  environment: string,
  version?: number,
): Promise<StoredConfiguration> {
  if (version === 0) return empty
  const rows =
    await db.query<StoredConfiguration>(sql`select version, variables, secrets from configuration
    where app = ${app} and environment = ${environment}
      and (version = ${version ?? null}::int
        or (${version ?? null}::int is null and state = 'in_force'))
    order by version desc limit 1`)
  return rows[0] ?? empty
}

/**
 * The version that the next change is based on: the newest that was not refused, which may still
 * wait. Also returns the names that waiting versions change, and the highest version number.
 */
export async function getNewest(
  db: Database,
  app: string,
  environment: string,
): Promise<{ newest: StoredConfiguration; waiting: string[]; highest: number }> {
  const rows = await db.query<
    StoredConfiguration & { state: Configuration['state']; changed: string[] }
  >(
    sql`select version, variables, secrets, state, changed from configuration
      where app = ${app} and environment = ${environment}
        and version >= (select coalesce(max(version), 0) from configuration
          where app = ${app} and environment = ${environment} and state = 'in_force')
      order by version desc`,
  )
  const newest = rows.find(({ state }) => state !== 'refused') ?? empty
  return {
    newest: { version: newest.version, variables: newest.variables, secrets: newest.secrets },
    waiting: rows.flatMap(({ state, changed }) => (state === 'waiting' ? changed : [])),
    highest: rows[0]?.version ?? 0,
  }
}

export async function isRefused(
  db: Database,
  app: string,
  environment: string,
  version: number,
): Promise<boolean> {
  const rows = await db.query(sql`select 1 from configuration
    where app = ${app} and environment = ${environment} and version = ${version}
      and state = 'refused'`)
  return rows.length > 0
}

/**
 * Puts the waiting versions up to `version` into force, or refuses them. Each is based on the one
 * before.
 */
export function decideConfiguration(
  app: string,
  environment: string,
  version: number,
  state: 'in_force' | 'refused',
): Statement {
  return sql`update configuration set state = ${state}
    where app = ${app} and environment = ${environment} and version <= ${version}
      and state = 'waiting'`
}

export async function listConfigurations(
  db: Database,
  app: string,
  environment: string,
  limit: number,
  { state, version }: { state?: Configuration['state']; version?: number } = {},
): Promise<Configuration[]> {
  return db.query<Configuration>(sql`select app, environment, version, state, variables,
      actor, created, changed,
      (select coalesce(json_agg(k order by k), '[]') from jsonb_object_keys(secrets) k) as secrets,
      (select coalesce(json_object_agg(s.key, substr(s.value, 6) order by s.key), '{}')
        from jsonb_each_text(secrets) s where s.value like 'from:%') as "references"
    from configuration where app = ${app} and environment = ${environment}
      and (${state ?? null}::text is null or state = ${state ?? null}::text)
      and (${version ?? null}::int is null or version = ${version ?? null}::int)
    order by version desc limit ${limit}`)
}

type LastChange = Pick<Configuration, 'version' | 'actor' | 'created'>

/** The newest version in force that changed each name. */
export async function lastChanges(
  db: Database,
  { app, environment }: { app: string; environment: string },
): Promise<Map<string, LastChange>> {
  const rows = await db.query<LastChange & { name: string }>(sql`
    select distinct on (name) name, version, actor, created
    from configuration, jsonb_array_elements_text(changed) as name
    where app = ${app} and environment = ${environment} and state = 'in_force'
    order by name, version desc`)
  return new Map(rows.map(({ name, ...change }) => [name, change]))
}

/** The environments of an app that have a configuration, also those that do not exist yet. */
export async function configuredEnvironments(db: Database, app: string): Promise<string[]> {
  const rows = await db.query<{ environment: string }>(sql`
    select distinct environment from configuration where app = ${app} order by environment`)
  return rows.map(({ environment }) => environment)
}

/**
 * Fails with a unique violation when the version was stored concurrently; then read the newest
 * version and try again.
 */
export function insertConfiguration(
  app: string,
  environment: string,
  next: StoredConfiguration,
  changed: string[],
  actor: string,
  state: 'waiting' | 'in_force' = 'in_force',
): Statement {
  return sql`insert into configuration
      (app, environment, version, variables, secrets, changed, actor, state)
    values (${app}, ${environment}, ${next.version}, ${next.variables}::jsonb,
      ${next.secrets}::jsonb, ${JSON.stringify(changed)}::jsonb, ${actor}, ${state})`
}

/** The context that a secret is sealed with, so that it opens in its environment only. */
export const sealedAs = (app: string, environment: string, name: string): string =>
  `configuration/${app}/${environment}/${name}`

/**
 * The sealed secrets of all versions, to be sealed with a new key. Secrets from before keys had
 * names are sealed with the secret's name only.
 */
export async function sealedSecrets(db: Database): Promise<SealedValue[]> {
  const rows = await db.query<{
    app: string
    environment: string
    version: number
    name: string
    sealed: string
  }>(
    sql`select app, environment, version, s.key as name, s.value as sealed
      from configuration, jsonb_each_text(secrets) s where s.value not like 'from:%'`,
  )
  return rows.map(({ app, environment, version, name, sealed }) => ({
    name: sealedAs(app, environment, name),
    former: name,
    sealed,
    put: (resealed) => sql`update configuration
      set secrets = jsonb_set(secrets, ${[name]}::text[], to_jsonb(${resealed}::text))
      where app = ${app} and environment = ${environment} and version = ${version}
        and secrets ->> ${name} = ${sealed}`,
  }))
}

/** Deletes every version of the configuration of an environment. */
export function deleteConfigurations(app: string, environment: string): Statement {
  return sql`delete from configuration where app = ${app} and environment = ${environment}`
}
