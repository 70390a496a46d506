import { mayDo, type Role, roles } from '#contract/endpoint.ts'

/** What somebody may do: with everything, and beside it with single apps. */
export interface Reach {
  /** with everything; null for nothing but the apps */
  role: Role | null
  apps: Record<string, Role>
}

export const nothing: Reach = { role: null, apps: {} }

const higher = (one: Role | null, other: Role | null): Role | null =>
  one === null || (other !== null && mayDo(other, one)) ? other : one

const lower = (one: Role | null, other: Role): Role | null =>
  one === null || mayDo(other, one) ? one : other

/**
 * The role with an app, or, with null, with what belongs to none. An app may be called
 * `constructor`.
 */
export const roleFor = (reach: Reach, app: string | null): Role | null =>
  app !== null && Object.hasOwn(reach.apps, app)
    ? higher(reach.role, reach.apps[app] ?? null)
    : reach.role

export const may = (reach: Reach, needed: Role, app: string | null): boolean =>
  mayDo(roleFor(reach, app), needed)

/** The highest role there is with anything. */
export const highestRole = (reach: Reach): Role | null =>
  Object.values(reach.apps).reduce<Role | null>(higher, reach.role)

/** The apps that may be seen; null for all. */
export const visibleApps = (reach: Reach): string[] | null =>
  reach.role === null ? Object.keys(reach.apps) : null

/** What two give together. */
export function together(one: Reach, other: Reach): Reach {
  const apps = new Set([...Object.keys(one.apps), ...Object.keys(other.apps)])
  const both = [...apps].flatMap((app) => {
    const role = higher(own(one, app), own(other, app))
    return role === null ? [] : [[app, role] as const]
  })
  return { role: higher(one.role, other.role), apps: Object.fromEntries(both) }
}

const own = (reach: Reach, app: string): Role | null =>
  Object.hasOwn(reach.apps, app) ? (reach.apps[app] ?? null) : null

/**
 * What is left where no more than a role is given, and, where apps are named, for these alone.
 * Never more than there was.
 */
export function narrow(reach: Reach, limit: { role: Role; apps: string[] | null }): Reach {
  const apps = [...new Set(limit.apps ?? Object.keys(reach.apps))].flatMap((app) => {
    const role = lower(roleFor(reach, app), limit.role)
    return role === null ? [] : [[app, role] as const]
  })
  return {
    role: limit.apps === null ? lower(reach.role, limit.role) : null,
    apps: Object.fromEntries(apps),
  }
}

/** Whether all that one may is within what the other may. */
export const isWithin = (one: Reach, other: Reach): boolean =>
  (one.role === null || mayDo(other.role, one.role)) &&
  Object.entries(one.apps).every(([app, role]) => may(other, role, app))

/** `operator`, `viewer; operator of shop`, `no role`. */
export function reachInWords(reach: Reach): string {
  const ofApps = roles.flatMap((role) => {
    const apps = Object.keys(reach.apps).filter((app) => reach.apps[app] === role)
    return apps.length === 0 ? [] : [`${role} of ${apps.join(', ')}`]
  })
  return [...(reach.role === null ? [] : [reach.role]), ...ofApps].join('; ') || 'no role'
}
