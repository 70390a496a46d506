import { readFileSync } from 'node:fs'
import { name } from '#contract/app/app.ts'
import { type Role, roles } from '#contract/endpoint.ts'
import { nothing, type Grants, union } from '#contract/access/grants.ts'

/** What the server's environment says of the OpenID provider. */
export interface ProviderSettings {
  issuer: URL
  /** what its button says */
  name: string
  clientId: string
  clientSecret: string | null
  scopes: string
  nameClaim: string
  groupsClaim: string
  /** what a group gives: a role with everything, or with one app */
  roles: { group: string; role: Role; app: string | null }[]
  /**
   * only addresses of these domains, which the provider vouches for, may come in; any, when there
   * are none
   */
  domains: string[]
  /** only who is in one of these groups may come in; any, when there are none */
  groups: string[]
  /** the role of who is neither added nor in a group with a role; null refuses them */
  unknown: Role | null
}

type Env = Record<string, string | undefined>

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Null when there is no provider. Throws one sentence that names the variable when something is not
 * right.
 */
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
      'FAIRLEAD_OIDC_ISSUER must be an https:// address (http:// only on this machine)',
    )
  const clientId = env['FAIRLEAD_OIDC_CLIENT_ID']?.trim()
  if (!clientId)
    throw new Error('FAIRLEAD_OIDC_CLIENT_ID is missing: the provider gives it to its client')
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
    unknown: unknownOf(env['FAIRLEAD_OIDC_UNKNOWN']?.trim() || 'refuse'),
  }
}

/** Names of groups may hold commas and spaces. */
const listOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(/[;\n]/)
    .map((one) => one.trim())
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

/** `GROUP=ROLE` or `GROUP=ROLE:APP`; the name of a group may hold `=` itself. */
function readRole(text: string): ProviderSettings['roles'][number] {
  const [, group = '', role = '', app] = /^(.+)=([a-z]+)(?::(.*))?$/.exec(text) ?? []
  if (!isRole(role) || (app !== undefined && !name.safeParse(app).success))
    throw new Error(
      `FAIRLEAD_OIDC_ROLES: "${text}" must be GROUP=ROLE or GROUP=ROLE:APP, with a role of ${roles.join(', ')}`,
    )
  return { group: group.trim(), role, app: app ?? null }
}

function unknownOf(text: string): Role | null {
  if (text === 'refuse') return null
  if (isRole(text)) return text
  throw new Error(`FAIRLEAD_OIDC_UNKNOWN must be refuse, or a role: ${roles.join(', ')}`)
}

const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text)

/** What groups give, union. */
export const grantsOfGroups = (settings: ProviderSettings | null, groups: string[]): Grants =>
  (settings?.roles ?? [])
    .filter(({ group }) => groups.includes(group))
    .map(({ role, app }): Grants =>
      app === null ? { role, apps: {} } : { role: null, apps: { [app]: role } },
    )
    .reduce(union, nothing)

/** What the provider says of a person, read carefully. */
export interface Claims {
  subject: string
  /** null unless the provider vouches for it */
  email: string | null
  groups: string[]
  /** what they might be called, the best first */
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
      (one): one is string => typeof one === 'string',
    ),
    // Names are unique here, and at a provider often not: nobody becomes somebody else by being
    // called so.
    names: [
      name,
      email,
      name && email && `${name} (${email})`,
      `${name ?? 'user'} (${subject.slice(0, 40)})`,
    ].flatMap((one) => one || []),
  }
}

/**
 * Whether they may come in, as far as domains and groups say; whether they are known is another
 * question.
 */
export function isWelcome(settings: ProviderSettings, { email, groups }: Claims): boolean {
  const domain = email?.split('@').at(-1)?.toLowerCase()
  const isOfDomain =
    settings.domains.length === 0 || (domain !== undefined && settings.domains.includes(domain))
  return (
    isOfDomain &&
    (settings.groups.length === 0 || settings.groups.some((group) => groups.includes(group)))
  )
}
