import { readFileSync } from 'node:fs'
import { name } from '#contract/app/app.ts'
import { type Role, roles } from '#contract/endpoint.ts'
import { nothing, type Grants, union } from '#contract/access/grants.ts'

/** The settings of the OpenID provider, from the environment of the server. */
export interface ProviderSettings {
  issuer: URL
  /** the label of its button on the sign-in page */
  name: string
  clientId: string
  clientSecret: string | null
  scopes: string
  nameClaim: string
  groupsClaim: string
  /** the role that a group grants, for one app or, with null, for all */
  roles: { group: string; role: Role; app: string | null }[]
  /** domains of verified e-mail addresses that may sign in; empty for no restriction */
  domains: string[]
  /** groups of which a user must be in one; empty for no restriction */
  groups: string[]
  /** the role of a user who was not added and is in no group with a role; null refuses them */
  unknownRole: Role | null
}

type Env = Record<string, string | undefined>

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** The settings, or null without a provider. Throws an error that names an invalid variable. */
export function readProviderSettings(
  env: Env,
  readFile = (path: string) => readFileSync(path, 'utf8'),
): ProviderSettings | null {
  const given = env['FAIRLEAD_OIDC_ISSUER']?.trim()
  if (!given) return null
  const issuer = URL.canParse(given) ? new URL(given) : null
  if (
    !issuer ||
    (issuer.protocol !== 'https:' &&
      !(issuer.protocol === 'http:' && loopback.has(issuer.hostname)))
  )
    throw new Error(
      'FAIRLEAD_OIDC_ISSUER must be an https:// URL (http:// is allowed for this machine only)',
    )
  const clientId = env['FAIRLEAD_OIDC_CLIENT_ID']?.trim()
  if (!clientId)
    throw new Error('FAIRLEAD_OIDC_CLIENT_ID is missing: set the client ID from the provider')
  const scopes = env['FAIRLEAD_OIDC_SCOPES']?.trim() || 'openid profile email'
  if (!scopes.split(/\s+/).includes('openid'))
    throw new Error('FAIRLEAD_OIDC_SCOPES must contain openid')
  return {
    issuer,
    name: env['FAIRLEAD_OIDC_LABEL']?.trim() || issuer.hostname,
    clientId,
    clientSecret: secretOf(env, readFile),
    scopes,
    nameClaim: env['FAIRLEAD_OIDC_NAME_CLAIM']?.trim() || 'name',
    groupsClaim: env['FAIRLEAD_OIDC_GROUPS_CLAIM']?.trim() || 'groups',
    roles: listOf(env['FAIRLEAD_OIDC_ROLES']).map(readRole),
    domains: listOf(env['FAIRLEAD_OIDC_DOMAINS']).map((domain) =>
      domain.toLowerCase().replace(/^@/, ''),
    ),
    groups: listOf(env['FAIRLEAD_OIDC_GROUPS']),
    unknownRole: unknownRoleOf(env['FAIRLEAD_OIDC_UNKNOWN']?.trim() || 'refuse'),
  }
}

/** Splits at semicolons and newlines, because names of groups may contain commas and spaces. */
const listOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(/[;\n]/)
    .map((item) => item.trim())
    .filter(Boolean)

function secretOf(env: Env, readFile: (path: string) => string): string | null {
  const file = env['FAIRLEAD_OIDC_CLIENT_SECRET_FILE']
  if (!file) return env['FAIRLEAD_OIDC_CLIENT_SECRET']?.trim() || null
  try {
    return readFile(file).trim()
  } catch (error) {
    throw new Error(
      `FAIRLEAD_OIDC_CLIENT_SECRET_FILE cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      {
        cause: error,
      },
    )
  }
}

/** Parses `GROUP=ROLE` or `GROUP=ROLE:APP`; the name of a group may contain `=`. */
function readRole(text: string): ProviderSettings['roles'][number] {
  const [, group = '', role = '', app] = /^(.+)=([a-z]+)(?::(.*))?$/.exec(text) ?? []
  if (!isRole(role) || (app !== undefined && !name.safeParse(app).success))
    throw new Error(
      `FAIRLEAD_OIDC_ROLES: "${text}" must be GROUP=ROLE or GROUP=ROLE:APP; ` +
        `the roles are ${roles.join(', ')}`,
    )
  return { group: group.trim(), role, app: app ?? null }
}

function unknownRoleOf(text: string): Role | null {
  if (text === 'refuse') return null
  if (isRole(text)) return text
  throw new Error(`FAIRLEAD_OIDC_UNKNOWN must be refuse or one of the roles ${roles.join(', ')}`)
}

const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text)

/** The grants of all groups together. */
export const grantsOfGroups = (settings: ProviderSettings | null, groups: string[]): Grants =>
  (settings?.roles ?? [])
    .filter(({ group }) => groups.includes(group))
    .map(({ role, app }): Grants =>
      app === null ? { role, apps: {} } : { role: null, apps: { [app]: role } },
    )
    .reduce(union, nothing)

/** The claims of the provider about a user, checked. */
export interface Claims {
  subject: string
  /** null unless the provider verified it */
  email: string | null
  groups: string[]
  /** candidates for the name of the user, the best first */
  names: string[]
}

export function readClaims(settings: ProviderSettings, claims: Record<string, unknown>): Claims {
  const text = (key: string): string | null => {
    const value = claims[key]
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
  }
  const subject = text('sub') ?? ''
  const groups = claims[settings.groupsClaim]
  const email = claims['email_verified'] === true ? text('email') : null
  const name = text(settings.nameClaim) ?? text('name') ?? text('preferred_username') ?? email
  return {
    subject,
    email,
    groups: (Array.isArray(groups) ? groups : [groups]).filter(
      (group): group is string => typeof group === 'string',
    ),
    // Names are unique in Fairlead but often not at a provider, hence several candidates.
    names: [
      name,
      email,
      name && email && `${name} (${email})`,
      `${name ?? 'user'} (${subject.slice(0, 40)})`,
    ].flatMap((one) => one || []),
  }
}

/** True when the allowed domains and groups let a user sign in, whether or not they were added. */
export function isAllowed(settings: ProviderSettings, { email, groups }: Claims): boolean {
  const domain = email?.split('@').at(-1)?.toLowerCase()
  const isOfDomain =
    settings.domains.length === 0 || (domain !== undefined && settings.domains.includes(domain))
  return (
    isOfDomain &&
    (settings.groups.length === 0 || settings.groups.some((group) => groups.includes(group)))
  )
}
