import type { FastifyRequest } from 'fastify'
import { type Endpoint, mayDo } from '#contract/endpoint.ts'
import { endpoints } from '#contract/endpoints.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import { sessionKeyName } from '#contract/access/access.ts'
import { highestRole, nothing, roleFor } from '#contract/access/grants.ts'
import type { Access } from '#domains/access/access.ts'
import type { Credentials } from '#domains/access/credentials.ts'

/** What belongs to an app, by its number or id. */
type Owned =
  | { run: number }
  | { deployment: number }
  | { workflow: string }
  | { alert: number }
  | { incident: number }
  | { error: number }
  | { silence: number }

/** Finds the app that owns it; null when it does not exist. */
export type AppOf = (owned: Owned) => Promise<string | null>

export interface AuthorizeOptions {
  access: Pick<Access, 'authenticate' | 'refusals'>
  appOf: AppOf
  /** whether an app exists, or has existed */
  isKnownApp(app: string): Promise<boolean>
}

const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

export const credentialsOf = (request: FastifyRequest): Credentials => ({
  authorization: request.headers.authorization,
  cookie: request.headers.cookie,
  sessionKey: headerOf(request, sessionKeyName),
  agent: request.headers['user-agent'],
  address: request.ip,
})

const nobody: Caller = {
  ...nothing,
  name: 'nobody',
  email: null,
  user: null,
  session: null,
  isLimited: false,
  by: { credential: 'session', address: null },
}

/** Identifies the caller, and refuses one without the role for any app before reading the body. */
export async function authenticate(
  { access }: Pick<AuthorizeOptions, 'access'>,
  request: FastifyRequest,
  endpoint: Endpoint,
): Promise<Caller> {
  if (endpoint.role === 'public') return nobody
  const caller = await access.authenticate(credentialsOf(request))
  if (!caller) throw new FairleadError('sign_in_needed')
  // A caller without a role gets empty lists and empty streams.
  if (endpoint.role === 'anyone' || endpoint.lists) return caller
  const highest = highestRole(caller)
  if (!mayDo(highest, endpoint.role))
    throw await refused(access, caller, endpoint, null, notAllowed(endpoint.role, highest))
  return caller
}

/** Endpoints that reveal nothing about an app; tokens for some apps may use them, too. */
const withoutApp: string[] = [
  endpoints.me.path,
  endpoints.deleteSession.path,
  endpoints.listKeys.path,
]

/**
 * Refuses a request for an app for which the caller lacks the role. A request that names no app
 * requires the role for everything; a list is limited to the apps of the caller instead.
 */
export async function authorize(
  { access, appOf }: Pick<AuthorizeOptions, 'access' | 'appOf'>,
  caller: Caller,
  endpoint: Endpoint,
  input: { params: unknown; query: unknown; body: unknown },
): Promise<void> {
  const { role } = endpoint
  const apps = await appsNamed(appOf, endpoint, input)
  if (role === 'public') return
  if (role === 'anyone') {
    if (!caller.isLimited || withoutApp.includes(endpoint.path)) return
    throw await refused(access, caller, endpoint, null, notThisApp(caller))
  }
  if (apps.length === 0 && endpoint.lists) return
  for (const app of apps.length === 0 ? [null] : apps) {
    const have = roleFor(caller, app)
    if (mayDo(have, role)) continue
    // A caller without a role for the app does not learn whether the app exists.
    throw await refused(
      access,
      caller,
      endpoint,
      app,
      have === null ? notThisApp(caller) : notAllowed(role, have),
    )
  }
}

/** Refuses a request that names an app that never existed: an empty list would say otherwise. */
export async function refuseUnknownApp(
  { isKnownApp }: Pick<AuthorizeOptions, 'isKnownApp'>,
  { params, query }: { params: unknown; query: unknown },
): Promise<void> {
  for (const { app } of [params as Named, query as Named])
    if (app !== undefined && !(await isKnownApp(app)))
      throw new FairleadError('not_found', { kind: 'app', id: app })
}

interface Named {
  app?: string
  run?: number
  deployment?: number
  workflow?: string
  alert?: number
  incident?: number
  error?: number
  silence?: number
  name?: string
}

/** Returns the apps that a request names or refers to; null for one that does not exist. */
async function appsNamed(
  appOf: AppOf,
  endpoint: Endpoint,
  input: { params: unknown; query: unknown; body: unknown },
): Promise<(string | null)[]> {
  const { run, deployment, workflow, alert, incident, error, silence, app } = input.params as Named
  const { app: asked } = input.query as Named
  const made =
    endpoint.path === endpoints.createApp.path && endpoint.method === 'POST'
      ? (input.body as Named).name
      : undefined
  const owners = await Promise.all([
    ...(run === undefined ? [] : [appOf({ run })]),
    ...(deployment === undefined ? [] : [appOf({ deployment })]),
    ...(alert === undefined ? [] : [appOf({ alert })]),
    ...(incident === undefined ? [] : [appOf({ incident })]),
    ...(error === undefined ? [] : [appOf({ error })]),
    ...(silence === undefined ? [] : [appOf({ silence })]),
    ...(workflow === undefined ? [] : [appOf({ workflow })]),
  ])
  return [...[app, asked, made].filter((one) => one !== undefined), ...owners]
}

const notAllowed = (needed: string, have: string | null): FairleadError =>
  new FairleadError('not_allowed', { needed, have: have ?? 'none' })

const notThisApp = (caller: Caller): FairleadError =>
  new FairleadError('not_this_app', { apps: Object.keys(caller.apps).join(', ') || 'none' })

/** Records that an authenticated caller was refused, and returns the error. */
async function refused(
  access: Pick<Access, 'refusals'>,
  caller: Caller,
  endpoint: Endpoint,
  app: string | null,
  error: FairleadError,
): Promise<FairleadError> {
  await access.refusals.record({
    type: 'dev.cdeventsx.fairlead-request.refused',
    subject: `user/${caller.name}`,
    chain: `user/${caller.name}`,
    actor: caller,
    data: { what: `${endpoint.method} ${endpoint.path}`, ...(app === null ? {} : { app }) },
  })
  return error
}
