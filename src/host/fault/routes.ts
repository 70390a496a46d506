import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { faultId, faultLease } from '#contract/experiment/fault.ts'
import type { Route } from '../route.ts'
import type { Faults } from './faults.ts'

const inEnvironment = z.object({ app: name, environment: name })
const inFault = z.object({ id: faultId })
const undone = z.object({ reason: z.string().trim().min(1).max(500) })

/** The paths of faults on the host's socket. */
export const faultRoutes = (faults: Faults, base: string): Route[] => [
  ['GET', '/faults', async () => ({ faults: faults.list() })],
  [
    'POST',
    `${base}/faults`,
    async (match, _query, body) => {
      const { app, environment } = inEnvironment.parse(match)
      return faults.make(app, environment, body)
    },
  ],
  [
    'PUT',
    '/faults/:id/lease',
    async (match, _query, body) =>
      faults.renew(inFault.parse(match).id, faultLease.parse(body).lease),
  ],
  [
    'POST',
    '/faults/:id/undo',
    async (match, _query, body) => faults.undo(inFault.parse(match).id, undone.parse(body).reason),
  ],
]
