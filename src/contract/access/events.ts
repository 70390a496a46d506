import { z } from 'zod'
import { roles } from '#contract/endpoint.ts'
import { defineEvent, type EventView } from '#contract/event/define-event.ts'
import { inParentheses, plural } from '#contract/event/words.ts'

const role = z.enum(roles)
/** How many equal refusals within a minute the event stands for. */
const count = z.number().int().optional()
const times = (count: number | undefined): string =>
  count === undefined || count === 1 ? '' : ` (${count} times)`

const refusedData = {
  why: z.enum([
    'unreachable',
    'refused',
    'expired',
    'forged',
    'unknown',
    'disabled',
    'busy',
    'various',
  ]),
  count,
}
const refusals = {
  unreachable: ': the identity provider did not answer',
  refused: ' by the identity provider',
  expired: ': the answer of the identity provider had expired or was already used',
  forged: ': the request was not the answer to a sign-in',
  unknown: ': the identity provider knows the user, but Fairlead does not',
  disabled: ': the user is disabled',
  busy: ': too many attempts',
  various: '',
}
function whyRefused({ by, data: { why } }: EventView<typeof refusedData>): string {
  const credential = by?.credential
  if (why === 'unknown' && (credential === 'token' || credential === 'link'))
    return `: the ${credential} is not valid`
  return why === undefined ? '' : refusals[why]
}

const changedData = {
  /** null removes the role */
  role: role.nullable().optional(),
  was: role.nullable().optional(),
  /** the app that the role is for; absent for all of them */
  app: z.string().optional(),
  email: z.string().nullable().optional(),
  disabled: z.boolean().optional(),
}
function changeOfUser({ id, data }: EventView<typeof changedData>): string {
  if (data.disabled !== undefined) return `${data.disabled ? 'disabled' : 'enabled'} the user ${id}`
  const where = data.app === undefined ? '' : ` for ${data.app}`
  if (data.role === null) return `removed the role ${data.was ?? 'of'}${where} from ${id}`
  if (data.role !== undefined) return `gave ${id} the role ${data.role}${where}`
  return data.email === undefined ? `changed the user ${id}` : `changed the email address of ${id}`
}

const named = ({ id, data }: { id: string; data: { name?: string | undefined } }): string =>
  data.name === undefined ? id : `“${data.name}”`

const user = { subject: 'user/Bob', app: null, actor: 'Ada' } as const
const token = { subject: 'token/t-1', app: null, actor: 'Ada' } as const

export const accessEvents = [
  defineEvent({
    type: 'dev.cdeventsx.fairlead-token.created',
    version: '0.1.0',
    data: {
      name: z.string(),
      role,
      apps: z.array(z.string()).nullable(),
      expires: z.string().nullable(),
    },
    sentence: (event) =>
      `${event.actor} created the token ${named(event)}${inParentheses(event.data.role)}`,
    tone: 'fact',
    example: { ...token, data: { name: 'ci', role: 'developer', apps: null, expires: null } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-token.revoked',
    version: '0.1.0',
    data: {
      name: z.string(),
      /** the user it acted for */
      user: z.string().optional(),
    },
    sentence: (event) => `${event.actor} revoked the token ${named(event)}`,
    tone: 'fact',
    example: { ...token, data: { name: 'ci', user: 'Bob' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-session.created',
    version: '0.2.0',
    data: {
      session: z.string(),
      way: z.enum(['link', 'provider']),
      /** of the identity provider */
      issuer: z.string().optional(),
      groups: z.array(z.string()).optional(),
    },
    sentence: ({ actor }) => `${actor} signed in`,
    tone: 'fact',
    example: { ...user, actor: 'Bob', data: { session: 's-1', way: 'link' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-session.ended',
    version: '0.1.0',
    data: {
      /** the id of one session, or the number of several */
      session: z.string().optional(),
      sessions: z.number().int().optional(),
    },
    sentence: ({ actor, id, data }) => {
      if (data.sessions === undefined && id === actor) return `${actor} signed out`
      const which = data.sessions === undefined ? 'a session' : plural(data.sessions, 'session')
      return `${actor} ended ${which} of ${id}`
    },
    tone: 'fact',
    example: { ...user, data: { sessions: 2 } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-session.refused',
    version: '0.1.0',
    data: refusedData,
    sentence: (event) => `A sign-in was refused${whyRefused(event)}${times(event.data.count)}`,
    tone: 'warn',
    example: { subject: 'session', app: null, actor: 'nobody', data: { why: 'expired', count: 3 } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-link.created',
    version: '0.1.0',
    data: { name: z.string(), role: role.optional(), expires: z.string() },
    sentence: ({ actor, id, data }) =>
      `${actor} created a sign-in link for ${id}${inParentheses(data.role)}`,
    tone: 'fact',
    example: { ...user, data: { name: 'Bob', expires: '2026-12-01T00:00:00.000Z' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-user.created',
    version: '0.1.0',
    data: {
      role: role.nullable(),
      email: z.string().nullable().optional(),
      issuer: z.string().optional(),
    },
    sentence: ({ id, data }) => `${id} was added as a user${inParentheses(data.role)}`,
    tone: 'fact',
    example: { ...user, data: { role: 'viewer', email: null } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-user.changed',
    version: '0.1.0',
    data: changedData,
    sentence: (event) => `${event.actor} ${changeOfUser(event)}`,
    tone: 'fact',
    example: { ...user, data: { role: 'operator', was: null, app: 'shop' } },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-user.deleted',
    version: '0.1.0',
    data: {},
    sentence: ({ actor, id }) => `${actor} removed the user ${id}`,
    tone: 'fact',
    example: { ...user, data: {} },
  }),
  defineEvent({
    type: 'dev.cdeventsx.fairlead-request.refused',
    version: '0.1.0',
    data: {
      /** the method and the path of the endpoint, or the git command */
      what: z.string().optional(),
      app: z.string().optional(),
      why: z.literal('various').optional(),
      count,
    },
    sentence: ({ actor, data }) =>
      data.why === undefined
        ? `${actor} lacked the permission for ${data.what ?? 'a request'}` +
          (data.app === undefined ? '' : ` of ${data.app}`) +
          times(data.count)
        : `Requests without the needed permission were refused${times(data.count)}`,
    tone: 'warn',
    example: { ...user, actor: 'Bob', data: { what: 'POST /users', count: 1 } },
  }),
] as const
