import { z } from 'zod'
import { defineTarget } from '../target.ts'
import { hostTarget } from '../host-target.ts'

/** Runs services as plain processes on this machine, supervised by `fairlead host`. */
export default defineTarget({
  kind: 'process',
  title: 'Processes on this machine',
  config: z.strictObject({}),
  example: {},
  capabilities: [
    'commands',
    'share',
    'metrics',
    'instances',
    'log',
    'port',
    'previews',
    'jobs',
    'rehearse',
    'drift',
  ],
  identity: () => '',
  open: (_config, io) => hostTarget(io),
})
