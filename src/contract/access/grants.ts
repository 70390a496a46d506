import { mayDo, type Role, roles } from '#contract/endpoint.ts'

/** What somebody may do: with everything, and beside it with single apps. */
export interface Grants {
  /** with everything; null for nothing but the apps */
  role: Role | null
  apps: Record<string, Role>
}

export const nothing: Grants = { role: null, apps: {} }

const higher = (one: Role | null, other: Role | null): Role | null =>
  one === null || (other !== null && mayDo(other, one)) ? other : one

const lower = (one: Role | null, other: Role): Role | null =>
  one === null || mayDo(other, one) ? one : other

/**
 * The role with an app, or, with null, with what belongs to none. An app may be called
 * `constructor`.
 */
export const roleFor = (grants: Grants, app: string | null): Role | null =>
  app !== null && Object.hasOwn(grants.apps, app)
    ? higher(grants.role, grants.apps[app] ?? null)
    : grants.role

export const may = (grants: Grants, needed: Role, app: string | null): boolean =>
  mayDo(roleFor(grants, app), needed)

/** The highest role there is with anything. */
export const highestRole = (grants: Grants): Role | null =>
  Object.values(grants.apps).reduce<Role | null>(higher, grants.role)

/** The apps that may be seen; null for all. */
export const visibleApps = (grants: Grants): string[] | null =>
  grants.role === null ? Object.keys(grants.apps) : null

/** What two give union. */
export function union(one: Grants, other: Grants): Grants {
  const apps = new Set([...Object.keys(one.apps), ...Object.keys(other.apps)])
  const both = [...apps].flatMap((app) => {
    const role = higher(own(one, app), own(other, app))
    return role === null ? [] : [[app, role] as const]
  })
  return { role: higher(one.role, other.role), apps: Object.fromEntries(both) }
}

const own = (grants: Grants, app: string): Role | null =>
  Object.hasOwn(grants.apps, app) ? (grants.apps[app] ?? null) : null

/**
 * What is left where no more than a role is given, and, where apps are named, for these alone.
 * Never more than there was.
 */
export function narrow(grants: Grants, limit: { role: Role; apps: string[] | null }): Grants {
  const apps = [...new Set(limit.apps ?? Object.keys(grants.apps))].flatMap((app) => {
    const role = lower(roleFor(grants, app), limit.role)
    return role === null ? [] : [[app, role] as const]
  })
  return {
    role: limit.apps === null ? lower(grants.role, limit.role) : null,
    apps: Object.fromEntries(apps),
  }
}

/** Whether all that one may is within what the other may. */
export const isWithin = (one: Grants, other: Grants): boolean =>
  (one.role === null || mayDo(other.role, one.role)) &&
  Object.entries(one.apps).every(([app, role]) => may(other, role, app))

/** `operator`, `viewer; operator of shop`, `no role`. */
export function describeGrants(grants: Grants): string {
  const ofApps = roles.flatMap((role) => {
    const apps = Object.keys(grants.apps).filter((app) => grants.apps[app] === role)
    return apps.length === 0 ? [] : [`${role} of ${apps.join(', ')}`]
  })
  return [...(grants.role === null ? [] : [grants.role]), ...ofApps].join('; ') || 'no role'
}
