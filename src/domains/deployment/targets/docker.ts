import { defineTarget } from '../target.ts'
import { hostConfig, hostIdentity, onHost } from '../remote-target.ts'

/** Runs services in containers of the Docker Engine of a machine, which the host there drives. */
export default defineTarget({
  kind: 'docker',
  title: 'Containers of Docker on this machine',
  config: hostConfig,
  example: {},
  capabilities: ['commands', 'images', 'share', 'metrics', 'instances', 'log', 'port', 'previews'],
  place: 'process',
  identity: hostIdentity,
  open: (config, io) => {
    // The programs of the machine are not in a container.
    const target = onHost(config, { ...io, machine: {} })
    const {
      commands: _commands,
      rehearse: _rehearse,
      drift: _drift,
      faults: _faults,
      ...able
    } = target
    return able
  },
})
