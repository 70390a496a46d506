import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { id, limit } from '#contract/params.ts'
import { countedDeployment, deliveryFigures, home } from './home.ts'

const period = z.object({
  app: name.optional(),
  days: z.coerce.number().int().min(1).max(366).default(30),
})

/** What the home page shows, of the apps that the caller may see. */
export const homeEndpoints = {
  getHome: endpoint({
    method: 'GET',
    path: '/home',
    role: 'viewer',
    lists: true,
    summary: 'Show open incidents, crash loops, what needs a person, and what runs where',
    output: home,
  }),
  getDeliveryFigures: endpoint({
    method: 'GET',
    path: '/delivery-figures',
    role: 'viewer',
    lists: true,
    summary:
      'Show how often and how fast changes reach production, and how often they fail there; ' +
      'production is the last environment of an app',
    query: period,
    output: z.object({
      days: z.number().int(),
      now: deliveryFigures,
      /** the same number of days before */
      before: deliveryFigures,
    }),
  }),
  listCountedDeployments: endpoint({
    method: 'GET',
    path: '/delivery-figures/deployments',
    role: 'viewer',
    lists: true,
    summary: 'List the deployments that the delivery figures count, newest first',
    query: period.extend({
      failed: z.stringbool().optional(),
      before: id.optional(),
      limit,
    }),
    output: z.object({
      deployments: z.array(countedDeployment),
      next: z.number().int().nullable(),
    }),
  }),
}
