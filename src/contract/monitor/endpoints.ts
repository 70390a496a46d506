import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { done, id, inApp } from '#contract/params.ts'
import { monitor, monitorDetail, monitorStates } from './monitor.ts'

const state = z.enum(['started', 'ended', 'failed']).default('ended')
const message = z.string().max(300).default('')
const inHeartbeat = z.object({ key: z.string().regex(/^[0-9a-f]{32}$/) })

export const monitorEndpoints = {
  listMonitors: endpoint({
    method: 'GET',
    path: '/monitors',
    role: 'viewer',
    lists: true,
    summary: 'List what is watched, with its state; what is not up comes first',
    query: z.object({
      app: name.optional(),
      environment: name.optional(),
      state: z.enum(monitorStates).optional(),
    }),
    output: z.object({ monitors: z.array(monitor) }),
  }),
  getMonitor: endpoint({
    method: 'GET',
    path: '/apps/{app}/monitors/{monitor}',
    role: 'viewer',
    summary: 'Get a monitor of an app with its settings, what breaks its rule, and its changes',
    params: inApp.extend({ monitor: id }),
    output: monitorDetail,
  }),
  receiveHeartbeat: endpoint({
    method: 'POST',
    path: '/heartbeats/{key}',
    role: 'public',
    summary:
      'Report that a job has started, ended or failed, with the secret address of its heartbeat ' +
      'instead of a token',
    params: inHeartbeat,
    query: z.object({ state, message }),
    output: done,
  }),
}
