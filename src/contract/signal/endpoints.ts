import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { inApp } from '#contract/params.ts'
import { metricsAnswer, seriesAnswer, signalNames } from './signal.ts'

const names = {
  /** names of signals, separated by commas; default: all */
  names: z
    .string()
    .optional()
    .transform((text) => text?.split(',').filter(Boolean) ?? [...signalNames])
    .pipe(z.array(z.enum(signalNames))),
}

const period = {
  from: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  /** the last minutes, instead of `from` and `until` */
  minutes: z.coerce.number().int().min(1).max(1_051_200).default(60),
}

/** What Fairlead measures of services, instances and machines. */
export const signalEndpoints = {
  listSignals: endpoint({
    method: 'GET',
    path: '/apps/{app}/signals',
    role: 'viewer',
    summary:
      'List measurements of an app: requests, errors and latency of its services, and what its ' +
      'instances use; deployments are marks',
    params: inApp,
    query: z.object({
      ...names,
      ...period,
      environment: name.optional(),
      service: name.optional(),
    }),
    output: seriesAnswer,
  }),
  listMetrics: endpoint({
    method: 'GET',
    path: '/apps/{app}/metrics',
    role: 'viewer',
    summary:
      'List the metrics that the services of an app expose, with the values of one; deployments ' +
      'are marks',
    params: inApp,
    query: z.object({
      ...period,
      environment: name.optional(),
      service: name.optional(),
      /** such as `orders_total` or `orders_total{kind="a"}`; default: only names */
      metric: z.string().max(2000).optional(),
    }),
    output: metricsAnswer,
  }),
  listMachineSignals: endpoint({
    method: 'GET',
    path: '/signals',
    role: 'viewer',
    summary: 'List measurements of the machine of the host, and the disk space of all of them',
    query: z.object({ ...names, ...period }),
    output: seriesAnswer.extend({
      storage: z.object({
        series: z.number().int(),
        /** bytes that the values take, and the budget */
        bytes: z.number().int(),
        budget: z.number().int(),
      }),
    }),
  }),
}
