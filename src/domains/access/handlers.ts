import type { SomeHandlers } from '#contract/handler.ts'
import type { Access } from './access.ts'

/** Sessions are the server's own business, because they are cookies. */
export function accessHandlers(
  access: Access,
): SomeHandlers<'me' | 'createLink' | 'listTokens' | 'createToken' | 'deleteToken'> {
  return {
    me: async (_input, caller) => caller,
    createLink: ({ body }) => access.createLink(body.name, body.role),
    listTokens: async () => ({ tokens: await access.listTokens() }),
    createToken: ({ body }, caller) => access.createToken(body, caller.name),
    deleteToken: async ({ params }, caller) => {
      await access.deleteToken(params.id, caller.name)
      return { done: true }
    },
  }
}
