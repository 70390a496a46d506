import { defineTarget } from '../target.ts'
import { hostConfig, hostIdentity, onHost } from '../remote-target.ts'

/** Runs services as plain processes, supervised by `fairlead host`, here or on another machine. */
export default defineTarget({
  kind: 'process',
  title: 'Processes on this machine',
  config: hostConfig,
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
  identity: hostIdentity,
  open: onHost,
})
