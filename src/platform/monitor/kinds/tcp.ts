import { connect } from 'node:net'
import { z } from 'zod'
import { duration, shorthand } from '#contract/pipeline-file/shapes.ts'
import { guarded, hostAndPort } from '../connection.ts'
import { failureOf } from '../failure.ts'
import { defineMonitorKind, type Finding, up } from '../monitor-kind.ts'

export default defineMonitorKind({
  kind: 'tcp',
  title: 'A port accepts connections',
  settings: shorthand(
    'address',
    z.strictObject({
      address: z
        .string()
        .regex(
          /^(\[[0-9a-f:.]{2,45}\]|[\w.-]{1,253}):\d{1,5}$/i,
          'must be such as db.internal:5432',
        )
        .refine((address) => hostAndPort(address).port > 0, 'must have a port from 1 to 65535')
        .describe('Host and port, such as `db.internal:5432` or `[2001:db8::1]:443`'),
      latency: duration(1).optional().describe('A slower connection is degraded'),
    }),
  ),
  example: { address: 'db.internal:5432' },
  every: 10_000,
  failures: 3,
  elsewhere: () => null,
  onHost: ({ address, latency }, io) =>
    new Promise<Finding>((resolve) => {
      const began = performance.now()
      const { host, port } = hostAndPort(address)
      try {
        const socket = connect({ ...guarded(host, io), port, signal: io.signal })
        socket.once('error', (error) => resolve(failureOf(error)))
        socket.once('connect', () => {
          socket.destroy()
          const took = performance.now() - began
          resolve(
            latency !== undefined && took > latency
              ? { state: 'degraded', reason: `the connection took ${Math.round(took)} ms` }
              : up,
          )
        })
      } catch (error) {
        resolve(failureOf(error))
      }
    }),
})
