import { mayDo, type Role, roles } from '#contract/endpoint.ts'

/** What a caller may do: a role for all apps, and roles for single apps. */
export interface Grants {
  /** for all apps, and for what belongs to no app; null for none */
  role: Role | null
  apps: Record<string, Role>
}

export const nothing: Grants = { role: null, apps: {} }

const higher = (one: Role | null, other: Role | null): Role | null =>
  one === null || (other !== null && mayDo(other, one)) ? other : one

const lower = (one: Role | null, other: Role): Role | null =>
  one === null || mayDo(other, one) ? one : other

/** The role for an app, or, with null, for what belongs to no app. */
export const roleFor = (grants: Grants, app: string | null): Role | null =>
  app !== null && Object.hasOwn(grants.apps, app)
    ? higher(grants.role, grants.apps[app] ?? null)
    : grants.role

export const may = (grants: Grants, needed: Role, app: string | null): boolean =>
  mayDo(roleFor(grants, app), needed)

/** The highest of all roles, whatever it is for. */
export const highestRole = (grants: Grants): Role | null =>
  Object.values(grants.apps).reduce<Role | null>(higher, grants.role)

/** The apps that are visible; null for all. */
export const visibleApps = (grants: Grants): string[] | null =>
  grants.role === null ? Object.keys(grants.apps) : null

/** Everything that at least one of the two grants. */
export function union(one: Grants, other: Grants): Grants {
  const apps = new Set([...Object.keys(one.apps), ...Object.keys(other.apps)])
  const both = [...apps].flatMap((app) => {
    const role = higher(own(one, app), own(other, app))
    return role === null ? [] : [[app, role] as const]
  })
  return { role: higher(one.role, other.role), apps: Object.fromEntries(both) }
}

/** An app may have the name of a property of every object, such as `constructor`. */
const own = (grants: Grants, app: string): Role | null =>
  Object.hasOwn(grants.apps, app) ? (grants.apps[app] ?? null) : null

/** Grants limited to a role and, unless `apps` is null, to these apps. */
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

/** True when `other` includes everything that `one` grants. */
export const isWithin = (one: Grants, other: Grants): boolean =>
  (one.role === null || mayDo(other.role, one.role)) &&
  Object.entries(one.apps).every(([app, role]) => may(other, role, app))

/** Grants in words: `operator`, `viewer; operator of shop`, `no role`. */
export function describeGrants(grants: Grants): string {
  const ofApps = roles.flatMap((role) => {
    const apps = Object.keys(grants.apps).filter((app) => grants.apps[app] === role)
    return apps.length === 0 ? [] : [`${role} of ${apps.join(', ')}`]
  })
  return [...(grants.role === null ? [] : [grants.role]), ...ofApps].join('; ') || 'no role'
}
