import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { id, inApp } from '#contract/params.ts'
import { slo, sloDetail } from './slo.ts'

export const sloEndpoints = {
  listSlos: endpoint({
    method: 'GET',
    path: '/slos',
    role: 'viewer',
    lists: true,
    summary: 'List objectives, with what is left of their error budgets; the least comes first',
    query: z.object({ app: name.optional(), environment: name.optional() }),
    output: z.object({ slos: z.array(slo) }),
  }),
  getSlo: endpoint({
    method: 'GET',
    path: '/apps/{app}/slos/{monitor}',
    role: 'viewer',
    summary:
      'Get an objective of an app with the counts of each hour, by the number of its monitor',
    params: inApp.extend({ monitor: id }),
    output: sloDetail,
  }),
}
