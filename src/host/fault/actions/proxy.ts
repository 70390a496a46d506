import { z } from 'zod'
import { defineAction, instancesOnly } from '../action.ts'
import { addressIn, variableChange } from '../change.ts'
import { endChanged, findChanged, restartChanged, variableOfTarget } from '../changed-instances.ts'
import { needRunning } from '../family.ts'
import { findLoad } from '../load.ts'
import { proxyAddress, proxyEffect } from '../proxy-parameters.ts'
import { startProxy } from '../start-proxy.ts'

/** Restarts instances so that they reach a dependency through a proxy. Needs no root. */
export default defineAction({
  name: 'proxy',
  title: 'Restart instances with a proxy in front of a dependency, which breaks its answers',
  parameters: z.strictObject({
    variable: z
      .string()
      .describe(
        'The variable with the address of the dependency: `HOST:PORT` or a URL without TLS',
      ),
    ...proxyEffect,
  }),
  example: { variable: 'DEPENDENCY', does: 'latency', milliseconds: 500 },
  needs: { root: false, programs: [] },
  endsInstances: true,
  before: z.object({
    indexes: z.array(z.number()),
    change: variableChange,
    to: z.object({ host: z.string(), port: z.number().int() }),
  }),
  radius: instancesOnly,
  read: ({ variable }, { target, marker }) => {
    needRunning(target)
    const value = variableOfTarget(target, variable)
    if (value === null) throw new Error(`${target.service} has no variable ${variable}`)
    const found = addressIn(value)
    // The value may be a secret.
    if (!found) throw new Error(`${variable} has no address of the form HOST:PORT without TLS`)
    const through = { variable, ...proxyAddress(marker) }
    return {
      indexes: target.instances.map(({ index }) => index),
      change: variableChange.parse({ through }),
      to: { host: found.host, port: found.port },
    }
  },
  inject: async (effect, { to, change }, place) => {
    const { address, port } = change.through ?? proxyAddress(place.marker)
    await startProxy({ ...effect, address, port, to }, place.marker)
    await restartChanged(place)
  },
  undo: async (_before, place) => void (await endChanged(place)),
  findProblem: ({ indexes }, place) => findChanged(indexes, place) ?? findLoad(place.marker),
})
