import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { done, inApp } from '#contract/params.ts'
import { insidePath } from '#contract/pipeline-file/shapes.ts'
import { app, name, repository } from './app.ts'

/** Apps and their repositories. */
export const appEndpoints = {
  listApps: endpoint({
    method: 'GET',
    path: '/apps',
    role: 'viewer',
    lists: true,
    summary: 'List the apps',
    output: z.object({ apps: z.array(app) }),
  }),
  getApp: endpoint({
    method: 'GET',
    path: '/apps/{app}',
    role: 'viewer',
    summary: 'Show an app',
    params: inApp,
    output: app,
  }),
  createApp: endpoint({
    method: 'POST',
    path: '/apps',
    role: 'developer',
    summary: 'Register an app; repeating the request has no effect',
    body: z.object({
      name,
      repository: repository.default({ kind: 'hosted' }),
      branch: z.string().min(1).max(200).default('main'),
      folder: insidePath.default('.'),
    }),
    output: app,
  }),
  changeApp: endpoint({
    method: 'PATCH',
    path: '/apps/{app}',
    role: 'operator',
    summary: 'Deliver another branch of an app',
    params: inApp,
    body: z.object({ branch: z.string().min(1).max(200) }),
    output: app,
  }),
  deleteApp: endpoint({
    method: 'DELETE',
    path: '/apps/{app}',
    role: 'admin',
    summary: 'Stop the services of an app and delete it; its events remain',
    params: inApp,
    output: done,
  }),
}
