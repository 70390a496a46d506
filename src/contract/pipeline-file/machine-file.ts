import { z } from 'zod'
import {
  command,
  count,
  duration,
  insidePath,
  listOf,
  scalar,
  shorthand,
  text,
  variableName,
} from './shapes.ts'

/** The keys below `machines` of an environment in `fairlead.yaml`. */

const machineName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,252}$/, 'must be the name of a machine such as web-1')

const address = z
  .string()
  .regex(/^[A-Za-z0-9:][\w.:%-]{0,252}$/, 'must be a host name or an address such as 10.0.0.5')

const line = text.regex(/^[^\r\n]{1,4000}$/, 'must be one line')

const groupName = z
  .string()
  .regex(/^[A-Za-z_]\w{0,99}$/, 'must be the name of a group of Ansible, such as web')

const machineHost = shorthand(
  'address',
  z.strictObject({
    address: address
      .optional()
      .describe('The host name or address; default: the name of the machine'),
    port: z.number().int().min(1).max(65_535).optional().describe('The port of SSH; default: 22'),
    user: line.optional().describe('The user who signs in; default: as in `ansible.cfg`'),
    groups: listOf(groupName).prefault([]).describe('The groups of Ansible that it belongs to'),
    host_key: listOf(line)
      .prefault([])
      .describe(
        'The public keys of its SSH server, such as `ssh-ed25519 AAAA…`; a machine with another ' +
          'key counts as unreachable; default: as in `known_hosts`',
      ),
    vars: z
      .record(variableName, scalar)
      .prefault({})
      .describe('Variables of Ansible for this machine'),
  }),
)

const share = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  z
    .string()
    .regex(
      /^([1-9]\d{0,3}|(100|[1-9]\d?)%)$/,
      'must be a number of machines or a percentage such as 25%',
    ),
)

const batchList = z
  .preprocess(
    (value) => (typeof value === 'number' || typeof value === 'string' ? [value] : value),
    z.array(share).max(100),
  )
  .meta({ shorthand: '' })

export const machinesFile = shorthand(
  'playbook',
  z.strictObject({
    playbook: insidePath.describe('The path of the playbook of Ansible in the repository'),
    inventory: insidePath
      .optional()
      .describe('The path of an inventory in the repository; not with `hosts`'),
    hosts: z
      .record(machineName, machineHost)
      .optional()
      .describe('The machines by name: an address, or the keys below'),
    target_hosts: z
      .boolean()
      .default(false)
      .describe(
        'Whether the machines are the hosts of the target, as `fairlead hosts add` registered ' +
          'them; their groups are their labels and the environment',
      ),
    groups: listOf(groupName)
      .prefault([])
      .describe('Only the machines of these groups; default: all that the playbook names'),
    batches: batchList
      .prefault([])
      .describe(
        'How many machines are changed at a time, such as `[1, 25%]`; the last one repeats, and ' +
          'the first batch with a failure is the last; default: all at once',
      ),
    verify: command
      .optional()
      .describe(
        'A command that must succeed after each batch; `$FAIRLEAD_MACHINES` has the names of its ' +
          'machines',
      ),
    key: variableName
      .optional()
      .describe('The secret with the private key of SSH, which only an agent holds'),
    vault: variableName.optional().describe('The secret with the password of Ansible Vault'),
    become: variableName.optional().describe('The secret with the password of `become`'),
    known_hosts: insidePath
      .optional()
      .describe('The path of a file with the public keys of the machines, as `ssh` uses it'),
    vars: z
      .record(variableName, scalar)
      .prefault({})
      .describe('Extra variables, which override all others, as `--extra-vars`'),
    forks: count
      .optional()
      .describe('How many machines are changed in parallel; default: as in `ansible.cfg`, or 20'),
    unreachable: z
      .enum(['fail', 'continue'])
      .default('fail')
      .describe(
        'What happens when a machine does not answer: the deployment fails after this batch ' +
          '(`fail`), or goes on without it (`continue`)',
      ),
    plan: z
      .boolean()
      .default(true)
      .describe('Whether a change is tried with `--check --diff` first, and the plan is shown'),
    timeout: duration(1000)
      .prefault('1h')
      .describe('A batch is stopped after this time, and the deployment fails'),
  }),
)
export type MachinesFile = z.output<typeof machinesFile>
