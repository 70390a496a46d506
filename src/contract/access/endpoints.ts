import { z } from 'zod'
import { done } from '#contract/params.ts'
import { appUser, me, session, token, user, userName } from './access.ts'
import { name } from '#contract/app/app.ts'
import { endpoint, roles } from '#contract/endpoint.ts'

const role = z.enum(roles)
/** Looked up among the existing users, so that any text is valid. */
const userParams = z.object({ user: z.string().min(1).max(80) })
const optionalUser = z.object({ user: z.string().min(1).max(80).optional() })
const email = z.email().max(254)

/** Users, their roles, and what they sign in with. */
export const accessEndpoints = {
  me: endpoint({
    method: 'GET',
    path: '/me',
    role: 'anyone',
    summary: 'Show the caller and their roles',
    output: me,
  }),
  getProvider: endpoint({
    method: 'GET',
    path: '/provider',
    role: 'public',
    summary: 'Show the OpenID provider to sign in with; null when none is configured',
    output: z.object({ provider: z.object({ name: z.string() }).nullable() }),
  }),
  createSession: endpoint({
    method: 'POST',
    path: '/sessions',
    role: 'public',
    summary: 'Exchange the code of a one-time link for a session: a cookie and its key',
    body: z.object({ code: z.string().min(1).max(200) }),
    output: me.extend({ key: z.string() }),
  }),
  deleteSession: endpoint({
    method: 'DELETE',
    path: '/sessions/current',
    role: 'anyone',
    summary: 'Sign out; `logout` is the page that also signs out at the provider',
    output: done.extend({ logout: z.string().nullable() }),
  }),
  listSessions: endpoint({
    method: 'GET',
    path: '/sessions',
    role: 'anyone',
    summary: 'List your sessions, or, as an admin, those of `user`',
    query: optionalUser,
    output: z.object({ sessions: z.array(session) }),
  }),
  endSession: endpoint({
    method: 'DELETE',
    path: '/sessions/{session}',
    role: 'anyone',
    summary: 'End one of your sessions; an admin can end any session',
    params: z.object({ session: z.string().max(40) }),
    output: done,
  }),
  endSessions: endpoint({
    method: 'DELETE',
    path: '/sessions',
    role: 'anyone',
    summary: 'End your other sessions, or, as an admin, all sessions of `user`',
    query: optionalUser,
    output: z.object({ ended: z.number().int() }),
  }),
  createLink: endpoint({
    method: 'POST',
    path: '/links',
    role: 'admin',
    summary:
      'Create a one-time sign-in link for a user; `role` creates the user or sets their role',
    body: z.object({ name: userName.default('admin'), role: role.optional() }),
    output: z.object({ url: z.string(), expires: z.string() }),
  }),

  listUsers: endpoint({
    method: 'GET',
    path: '/users',
    role: 'admin',
    summary: 'List the users with their roles',
    output: z.object({ users: z.array(user) }),
  }),
  getUser: endpoint({
    method: 'GET',
    path: '/users/{user}',
    role: 'admin',
    summary: 'Show a user',
    params: userParams,
    output: user,
  }),
  createUser: endpoint({
    method: 'POST',
    path: '/users',
    role: 'admin',
    summary:
      'Add a user, who signs in with a link, or through the provider by a verified e-mail address',
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
      'Change the role of a user for all apps (null removes it) or their address, or disable the ' +
      'user, which ends their sessions and suspends their tokens',
    params: userParams,
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
    summary: 'Delete a user with their sessions and tokens; their events remain in the log',
    params: userParams,
    output: done,
  }),
  listAppUsers: endpoint({
    method: 'GET',
    path: '/apps/{app}/users',
    role: 'admin',
    summary: 'List the users who have a role for an app',
    params: z.object({ app: name }),
    output: z.object({ users: z.array(appUser) }),
  }),
  putAppRole: endpoint({
    method: 'PUT',
    path: '/apps/{app}/users/{user}',
    role: 'admin',
    summary: 'Set the role of a user for an app; null removes it',
    params: z.object({ app: name }).extend(userParams.shape),
    body: z.object({ role: role.nullable() }),
    output: z.object({ users: z.array(appUser) }),
  }),

  listTokens: endpoint({
    method: 'GET',
    path: '/tokens',
    role: 'anyone',
    summary: 'List your tokens, without their secrets; an admin sees all tokens',
    output: z.object({ tokens: z.array(token) }),
  }),
  createToken: endpoint({
    method: 'POST',
    path: '/tokens',
    role: 'anyone',
    summary:
      'Create a token, which acts for you and is limited to your roles; its secret is shown once',
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
    summary: 'Revoke one of your tokens; an admin can revoke any token',
    params: z.object({ id: z.string() }),
    output: done,
  }),
}
