import { z } from 'zod'
import { defineTarget } from '../target.ts'
import { hostTarget } from '../host-target.ts'

/** Runs services in containers of the Docker Engine of this machine, which the host drives. */
export default defineTarget({
  kind: 'docker',
  title: 'Containers of Docker on this machine',
  config: z.strictObject({}),
  example: {},
  capabilities: ['commands', 'images', 'share', 'metrics', 'instances', 'log', 'port', 'previews'],
  place: 'process',
  identity: () => '',
  open: (_config, io) => {
    // The programs of the machine are not in a container.
    const target = hostTarget({ ...io, machine: {} })
    const { commands: _commands, rehearse: _rehearse, drift: _drift, ...able } = target
    return able
  },
})
