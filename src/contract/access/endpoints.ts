import { z } from 'zod'
import { done } from '#contract/params.ts'
import { appUser, me, session, token, user, userName } from './access.ts'
import { name } from '#contract/app/app.ts'
import { endpoint, roles } from '#contract/endpoint.ts'

const role = z.enum(roles)
/** Compared with the names that are there, so that any text will do. */
const ofUser = z.object({ user: z.string().min(1).max(80) })
const ofUserOrMe = z.object({ user: z.string().min(1).max(80).optional() })
const email = z.email().max(254)

/** Who may come in, and who may do what. */
export const accessEndpoints = {
  me: endpoint({
    method: 'GET',
    path: '/me',
    role: 'anyone',
    summary: 'Who is signed in, and what they may do',
    output: me,
  }),
  getProvider: endpoint({
    method: 'GET',
    path: '/provider',
    role: 'public',
    summary: 'The OpenID provider that people sign in with; null when there is none',
    output: z.object({ provider: z.object({ name: z.string() }).nullable() }),
  }),
  createSession: endpoint({
    method: 'POST',
    path: '/sessions',
    role: 'public',
    summary: 'Exchange the code of a one-time link for a session cookie',
    body: z.object({ code: z.string().min(1).max(200) }),
    output: me,
  }),
  deleteSession: endpoint({
    method: 'DELETE',
    path: '/sessions/current',
    role: 'anyone',
    summary: 'Sign out; `logout` is the page at which the provider signs out, too',
    output: done.extend({ logout: z.string().nullable() }),
  }),
  listSessions: endpoint({
    method: 'GET',
    path: '/sessions',
    role: 'anyone',
    summary: 'Where you are signed in; with `user`, which an admin may, where somebody is',
    query: ofUserOrMe,
    output: z.object({ sessions: z.array(session) }),
  }),
  endSession: endpoint({
    method: 'DELETE',
    path: '/sessions/{session}',
    role: 'anyone',
    summary: 'End a session of yours; an admin may end any',
    params: z.object({ session: z.string().max(40) }),
    output: done,
  }),
  endSessions: endpoint({
    method: 'DELETE',
    path: '/sessions',
    role: 'anyone',
    summary:
      'End all your sessions but the one that asks; with `user`, which an admin may, all of somebody',
    query: ofUserOrMe,
    output: z.object({ ended: z.number().int() }),
  }),
  createLink: endpoint({
    method: 'POST',
    path: '/links',
    role: 'admin',
    summary:
      'Make a one-time sign-in link for a user, who is made when there is none; a role is given to them',
    body: z.object({ name: userName.default('admin'), role: role.optional() }),
    output: z.object({ url: z.string(), expires: z.string() }),
  }),

  listUsers: endpoint({
    method: 'GET',
    path: '/users',
    role: 'admin',
    summary: 'List the users, and what they may do',
    output: z.object({ users: z.array(user) }),
  }),
  getUser: endpoint({
    method: 'GET',
    path: '/users/{user}',
    role: 'admin',
    summary: 'Show a user',
    params: ofUser,
    output: user,
  }),
  createUser: endpoint({
    method: 'POST',
    path: '/users',
    role: 'admin',
    summary:
      'Add a user, who signs in by a link, or with the provider where it vouches for the e-mail address',
    body: z.object({
      name: userName,
      email: email.optional(),
      role: role.nullable().default(null),
    }),
    output: user,
  }),
  changeUser: endpoint({
    method: 'PATCH',
    path: '/users/{user}',
    role: 'admin',
    summary:
      'Give a user a role with everything (null takes it), another address, or disable them, which ends their sessions and tokens',
    params: ofUser,
    body: z.object({
      role: role.nullable().optional(),
      email: email.nullable().optional(),
      disabled: z.boolean().optional(),
    }),
    output: user,
  }),
  deleteUser: endpoint({
    method: 'DELETE',
    path: '/users/{user}',
    role: 'admin',
    summary: 'Forget a user, with their sessions and tokens; what they did stays in the event log',
    params: ofUser,
    output: done,
  }),
  listAppUsers: endpoint({
    method: 'GET',
    path: '/apps/{app}/users',
    role: 'admin',
    summary: 'Who may do what with an app',
    params: z.object({ app: name }),
    output: z.object({ users: z.array(appUser) }),
  }),
  putAppRole: endpoint({
    method: 'PUT',
    path: '/apps/{app}/users/{user}',
    role: 'admin',
    summary: 'Give a user a role with an app (null takes it)',
    params: z.object({ app: name }).extend(ofUser.shape),
    body: z.object({ role: role.nullable() }),
    output: z.object({ users: z.array(appUser) }),
  }),

  listTokens: endpoint({
    method: 'GET',
    path: '/tokens',
    role: 'anyone',
    summary: 'List your tokens, without their secrets; an admin sees all',
    output: z.object({ tokens: z.array(token) }),
  }),
  createToken: endpoint({
    method: 'POST',
    path: '/tokens',
    role: 'anyone',
    summary:
      'Create a token, which acts for you and may never do more than you; its secret is shown only now',
    body: z.object({
      name: z.string().trim().min(1).max(80),
      role,
      days: z.number().int().positive().max(3650).optional(),
      apps: z.array(name).min(1).max(200).optional(),
    }),
    output: token.extend({ secret: z.string() }),
  }),
  deleteToken: endpoint({
    method: 'DELETE',
    path: '/tokens/{id}',
    role: 'anyone',
    summary: 'Revoke a token of yours; an admin may revoke any',
    params: z.object({ id: z.string() }),
    output: done,
  }),
}
