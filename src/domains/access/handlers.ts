import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import { may } from '#contract/access/grants.ts'
import type { Access } from './access.ts'

type AccessEndpoints =
  | 'me'
  | 'getProvider'
  | 'listSessions'
  | 'endSession'
  | 'endSessions'
  | 'createLink'
  | 'listUsers'
  | 'getUser'
  | 'createUser'
  | 'changeUser'
  | 'deleteUser'
  | 'listAppUsers'
  | 'putAppRole'
  | 'listTokens'
  | 'createToken'
  | 'deleteToken'

export interface AccessHandlersOptions {
  access: Access
  /** null when users sign in by links only */
  provider: { name: string } | null
  getApp(name: string): Promise<unknown>
}

/** The endpoints of users, tokens, links and sessions; the server itself sets the cookies. */
export function accessHandlers({
  access,
  provider,
  getApp,
}: AccessHandlersOptions): SomeHandlers<AccessEndpoints> {
  const { users, tokens, sessions } = access
  const isAdmin = (caller: Caller): boolean => may(caller, 'admin', null)
  const mustExist = async (app: string): Promise<void> => {
    if (!(await getApp(app))) throw new FairleadError('not_found', { kind: 'app', id: app })
  }
  /** The user whose sessions a request is about; null for a caller who is not a user. */
  const userOf = async (
    name: string | undefined,
    caller: Caller,
  ): Promise<{ id: number; name: string } | null> => {
    if (name === undefined)
      return caller.user === null ? null : { id: caller.user, name: caller.name }
    if (name !== caller.name && !isAdmin(caller))
      throw new FairleadError('not_allowed', { needed: 'admin', have: caller.role ?? 'none' })
    return users.mustGet(name)
  }
  return {
    me: async (_input, { name, role, apps }) => ({ name, role, apps }),
    getProvider: async () => ({ provider }),
    listSessions: async ({ query }, caller) => {
      const user = await userOf(query.user, caller)
      return { sessions: user ? await sessions.list(user.id, caller.session) : [] }
    },
    endSession: async ({ params }, caller) => {
      const session = await sessions.get(params.session)
      const isOwn = session !== null && session.owner === caller.user
      if (!session || !(isOwn || isAdmin(caller)))
        throw new FairleadError('not_found', { kind: 'session', id: params.session })
      await sessions.end(session, caller)
      return { done: true }
    },
    endSessions: async ({ query }, caller) => {
      const user = await userOf(query.user, caller)
      const except = query.user === undefined ? caller.session : null
      return { ended: user ? await sessions.endAll(user, except, caller) : 0 }
    },
    createLink: ({ body }, caller) => access.links.create(body, caller),
    listUsers: async () => ({ users: await users.list() }),
    getUser: ({ params }) => users.get(params.user),
    createUser: ({ body }, caller) => users.create(body, caller),
    changeUser: ({ params, body }, caller) => users.change(params.user, body, caller),
    deleteUser: async ({ params }, caller) => {
      await users.remove(params.user, caller)
      return { done: true }
    },
    listAppUsers: async ({ params }) => {
      await mustExist(params.app)
      return { users: await users.listOfApp(params.app) }
    },
    putAppRole: async ({ params, body }, caller) => {
      await mustExist(params.app)
      await users.setRole(params.user, params.app, body.role, caller)
      return { users: await users.listOfApp(params.app) }
    },
    listTokens: async (_input, caller) => ({ tokens: await tokens.list(caller, isAdmin(caller)) }),
    createToken: async ({ body }, caller) => {
      // Of an app that the caller must not see, the answer does not say whether it exists.
      for (const app of body.apps ?? []) if (may(caller, 'viewer', app)) await mustExist(app)
      return tokens.create(body, caller)
    },
    deleteToken: async ({ params }, caller) => {
      await tokens.remove(params.id, caller)
      return { done: true }
    },
  }
}
