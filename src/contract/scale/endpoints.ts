import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { inEnvironment } from '#contract/params.ts'
import { count } from '#contract/pipeline-file/shapes.ts'
import { scale } from './scale.ts'

const path = '/apps/{app}/environments/{environment}/scale'
const inService = inEnvironment.extend({ service: name })
/** `isServed`: whether the host obeys already; otherwise it follows when it answers */
const changed = z.object({ scale, isServed: z.boolean() })

/** How many instances of the services of an environment run. */
export const scaleEndpoints = {
  getScale: endpoint({
    method: 'GET',
    path,
    role: 'viewer',
    summary: 'Show how many instances of each service run, and how many fairlead.yaml asks for',
    params: inEnvironment,
    output: z.object({ scales: z.array(scale) }),
  }),
  setScale: endpoint({
    method: 'PUT',
    path: `${path}/{service}`,
    role: 'operator',
    summary:
      'Run another number of instances of a service, without a new release, until a release ' +
      'changes the number in fairlead.yaml',
    params: inService,
    body: z.object({
      instances: count,
      reason: z.string().trim().max(500).default(''),
    }),
    output: changed,
  }),
  endScale: endpoint({
    method: 'DELETE',
    path: `${path}/{service}`,
    role: 'operator',
    summary: 'Run as many instances of a service as fairlead.yaml asks for',
    params: inService,
    output: changed,
  }),
}
