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
  /** what the provider is called; null when there is none */
  provider: { name: string } | null
  getApp(name: string): Promise<unknown>
}

/** To sign in and out is the server's own business, because sessions are cookies. */
export function accessHandlers({
  access,
  provider,
  getApp,
}: AccessHandlersOptions): SomeHandlers<AccessEndpoints> {
  const { users, tokens } = access
  const isAdmin = (caller: Caller): boolean => may(caller, 'admin', null)
  const mustBeThere = async (app: string): Promise<void> => {
    if (!(await getApp(app))) throw new FairleadError('not_found', { kind: 'app', id: app })
  }
  /** Whose sessions are asked for; null for a caller who is no user and has none. */
  const whose = async (
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
      const user = await whose(query.user, caller)
      return { sessions: user ? await access.listSessions(user.id, caller.session) : [] }
    },
    endSession: async ({ params }, caller) => {
      const session = await access.getSession(params.session)
      const isOwn = session !== null && session.owner === caller.user
      if (!session || !(isOwn || isAdmin(caller)))
        throw new FairleadError('not_found', { kind: 'session', id: params.session })
      await access.endSession(session, caller)
      return { done: true }
    },
    endSessions: async ({ query }, caller) => {
      const user = await whose(query.user, caller)
      return {
        ended: user
          ? await access.endSessions(user, query.user === undefined ? caller.session : null, caller)
          : 0,
      }
    },
    createLink: ({ body }, caller) => access.createLink(body, caller),
    listUsers: async () => ({ users: await users.list() }),
    getUser: ({ params }) => users.get(params.user),
    createUser: ({ body }, caller) => users.create(body, caller),
    changeUser: ({ params, body }, caller) => users.change(params.user, body, caller),
    deleteUser: async ({ params }, caller) => {
      await users.remove(params.user, caller)
      return { done: true }
    },
    listAppUsers: async ({ params }) => {
      await mustBeThere(params.app)
      return { users: await users.listOfApp(params.app) }
    },
    putAppRole: async ({ params, body }, caller) => {
      await mustBeThere(params.app)
      await users.setRole(params.user, params.app, body.role, caller)
      return { users: await users.listOfApp(params.app) }
    },
    listTokens: async (_input, caller) => ({ tokens: await tokens.list(caller, isAdmin(caller)) }),
    createToken: ({ body }, caller) => tokens.create(body, caller),
    deleteToken: async ({ params }, caller) => {
      await tokens.remove(params.id, caller)
      return { done: true }
    },
  }
}
