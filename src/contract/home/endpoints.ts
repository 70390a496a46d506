import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { deliveryFigures, home } from './home.ts'

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
      'Show how often and how fast changes reach production, and how often they are rolled back; ' +
      'production is the last environment of an app',
    query: z.object({
      app: name.optional(),
      days: z.coerce.number().int().min(1).max(366).default(30),
    }),
    output: z.object({
      days: z.number().int(),
      now: deliveryFigures,
      /** the same number of days before */
      before: deliveryFigures,
    }),
  }),
}
