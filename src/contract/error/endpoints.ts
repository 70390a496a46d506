import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { id, inApp, limit } from '#contract/params.ts'
import { droppedEvents, errorDetail, errorGroup, errorKey, errorStates } from './error.ts'

const inError = z.object({ error: id })

/** Exceptions of services, grouped. */
export const errorEndpoints = {
  listErrors: endpoint({
    method: 'GET',
    path: '/errors',
    role: 'viewer',
    lists: true,
    summary: 'List the errors of services, the last seen first, and what was not recorded',
    query: z.object({
      app: name.optional(),
      environment: name.optional(),
      state: z.enum(errorStates).optional(),
      /** part of the type, the message or the place */
      text: z.string().trim().min(1).max(200).optional(),
      /** only those that are new in the live release, or came back */
      fresh: z.stringbool().optional(),
      before: id.optional(),
      limit,
    }),
    output: z.object({
      errors: z.array(errorGroup),
      dropped: z.array(droppedEvents),
    }),
  }),
  getError: endpoint({
    method: 'GET',
    path: '/errors/{error}',
    role: 'viewer',
    summary: 'Show an error with its releases, its newest trace, and who may have caused it',
    params: inError,
    output: errorDetail,
  }),
  resolveError: endpoint({
    method: 'POST',
    path: '/errors/{error}/resolve',
    role: 'developer',
    summary:
      'Resolve an error; a later event opens it again. With `nextRelease`, only an event of a ' +
      'later release does',
    params: inError,
    body: z.object({ nextRelease: z.boolean().default(false) }),
    output: errorDetail,
  }),
  ignoreError: endpoint({
    method: 'POST',
    path: '/errors/{error}/ignore',
    role: 'developer',
    summary: 'Ignore an error: its events are counted, and open no alert',
    params: inError,
    output: errorDetail,
  }),
  reopenError: endpoint({
    method: 'POST',
    path: '/errors/{error}/reopen',
    role: 'developer',
    summary: 'Open an error again that is resolved or ignored',
    params: inError,
    output: errorDetail,
  }),
  getErrorKey: endpoint({
    method: 'GET',
    path: '/apps/{app}/error-key',
    role: 'developer',
    summary: 'Show where SDKs of Sentry send the errors of an app',
    params: inApp,
    output: errorKey,
  }),
  replaceErrorKey: endpoint({
    method: 'POST',
    path: '/apps/{app}/error-key',
    role: 'operator',
    summary: 'Replace the key for SDKs; running services keep the old one, which is refused',
    params: inApp,
    output: errorKey,
  }),
}
