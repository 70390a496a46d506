import type { Evidence, SigningKey } from '#contract/evidence/evidence.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { SealedValue } from '#platform/secret/secret-box.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export type NewEvidence = Omit<Evidence, 'created'> & { app: string; artifact: string }

/** Stores a statement. A repeated step replaces the statement that it stored before. */
export function putEvidence(one: NewEvidence): Statement {
  return sql`insert into evidence
      (app, run, artifact, kind, environment, predicate_type, result, manifest, envelope)
    values (${one.app}, ${one.run}, ${one.artifact}, ${one.kind}, ${one.environment}::text,
      ${one.predicateType}, ${one.result}, ${one.manifest}, ${JSON.stringify(one.envelope)}::json)
    on conflict (artifact, run, kind, environment) do update set
      predicate_type = excluded.predicate_type, result = excluded.result,
      manifest = excluded.manifest, envelope = excluded.envelope, created = now()`
}

/** The evidence of an app about an artifact, of all its runs that built the artifact. */
export async function listEvidence(
  db: Database,
  app: string,
  artifact: string,
): Promise<Evidence[]> {
  return db.query<Evidence>(sql`select kind, environment, run, predicate_type as "predicateType",
      result, manifest, created, envelope
    from evidence where app = ${app} and artifact = ${artifact} order by run, id`)
}

/** The manifests in the artifact store that hold the evidence about these artifacts. */
export async function manifestsOf(db: Database, artifacts: string[]): Promise<string[]> {
  const rows = await db.query<{ manifest: string }>(
    sql`select manifest from evidence where artifact = any(${artifacts}::text[])`,
  )
  return rows.map(({ manifest }) => manifest)
}

type StoredKey = SigningKey & { secret: string }

/** All signing keys, newest first. */
export async function listKeys(db: Database): Promise<StoredKey[]> {
  return db.query<StoredKey>(
    sql`select id, public_key as "publicKey", secret, created, retired, revoked, reason
      from signing_key order by number desc`,
  )
}

/** Revokes a key, which then signs nothing new. Returns no row when it is revoked already. */
export function revokeKey(id: string, reason: string): Statement {
  return sql`update signing_key set revoked = now(), retired = coalesce(retired, now()),
      reason = ${reason}
    where id = ${id} and revoked is null returning id`
}

/** The name that a private key is sealed under. */
export const sealedAs = (id: string): string => `signing/${id}`

/** All private keys, to be sealed again when the key of the installation changes. */
export async function sealedKeys(db: Database): Promise<SealedValue[]> {
  const rows = await db.query<{ id: string; secret: string }>(
    sql`select id, secret from signing_key`,
  )
  return rows.map(({ id, secret }) => ({
    name: sealedAs(id),
    sealed: secret,
    put: (resealed) =>
      sql`update signing_key set secret = ${resealed} where id = ${id} and secret = ${secret}`,
  }))
}

/**
 * Adds a key and retires the others. Without `isRotation` the key is added only if there is none, so
 * that of two concurrent first uses one wins.
 */
export function addKey(
  key: { id: string; publicKey: string; secret: string },
  isRotation: boolean,
): Statement[] {
  return [
    sql`select pg_advisory_xact_lock(7266091)`,
    sql`update signing_key set retired = now() where ${isRotation}::boolean and retired is null`,
    sql`insert into signing_key (id, public_key, secret)
      select ${key.id}, ${key.publicKey}, ${key.secret}
      where not exists (select 1 from signing_key where retired is null)`,
  ]
}
