import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** A machine that runs services, besides that of the server. */
export interface StoredHost {
  name: string
  destination: string
  /** in the URLs of its environments */
  address: string
  /** the pinned key of its SSH server: `ssh-ed25519 AAAA…` */
  hostKey: string
  labels: string[]
  /** an absolute path on its machine */
  folder: string
  /** variables of the host */
  settings: Record<string, string>
  /** the version that is to be installed: the id of an `OwnPackage` */
  package: string
  /** since when it gets nothing, as ISO 8601; null when it is not drained */
  drained: string | null
}

export const listHosts = (db: Database): Promise<StoredHost[]> =>
  db.query<StoredHost>(sql`select name, destination, address, host_key as "hostKey", labels, folder,
      settings, package, drained
    from host order by name`)

/** Fails, with everything in its batch, when a host has this name. */
export const insertHost = (one: Omit<StoredHost, 'drained'>): Statement =>
  sql`insert into host (name, destination, address, host_key, labels, folder, settings, package)
    values (${one.name}, ${one.destination}, ${one.address}, ${one.hostKey},
      ${JSON.stringify(one.labels)}::jsonb, ${one.folder},
      ${JSON.stringify(one.settings)}::jsonb, ${one.package})`

export const setPackage = (name: string, wanted: string): Statement =>
  sql`update host set package = ${wanted} where name = ${name}`

export const setLabels = (name: string, labels: string[]): Statement =>
  sql`update host set labels = ${JSON.stringify(labels)}::jsonb where name = ${name}`

/**
 * Drains a host; a repetition keeps the time of the first. Fails, with everything in its batch,
 * when other hosts are drained than those that the caller has seen.
 */
export const drain = (name: string, seen: string[]): Statement[] => [
  // Always in this order, so that two drains wait for each other.
  sql`select from host order by name for update`,
  sql`update host set drained = coalesce(drained, now()), name = case when array(
      select o.name from host o where o.drained is not null order by o.name)
      = ${seen.toSorted()}::text[] then name end
    where name = ${name}`,
]

export const undrain = (name: string): Statement =>
  sql`update host set drained = null where name = ${name}`

export const deleteHost = (name: string): Statement => sql`delete from host where name = ${name}`
