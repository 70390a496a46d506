import type { MachinesFile } from '#contract/pipeline-file/machine-file.ts'

type Hosts = NonNullable<MachinesFile['hosts']>

/** A host of the target, and how the server signs in there. */
export interface RegisteredHost {
  name: string
  labels: string[]
  hostKey: string
  address: string
  port: number
  user: string
}

const groupOf = (text: string): string => text.replaceAll(/\W/g, '_').replace(/^(?=\d)/, '_')

/** The hosts of the target as machines, in groups by label and environment. Pure. */
export const machinesOf = (hosts: readonly RegisteredHost[], environment: string): Hosts =>
  Object.fromEntries(
    hosts.map(({ name, labels, hostKey, ...connection }) => [
      name,
      {
        ...connection,
        groups: [...new Set([environment, ...labels].map(groupOf))],
        ...{ host_key: [hostKey], vars: {} },
      },
    ]),
  )

/** The inventory of declared machines, as JSON, which the YAML plugin of Ansible reads. Pure. */
export function inventoryText(hosts: Hosts, knownHosts: string | null): string {
  const groups = [...new Set(Object.values(hosts).flatMap((one) => one.groups))].sort()
  const membersOf = (group: string) =>
    Object.fromEntries(
      Object.entries(hosts)
        .filter(([, one]) => one.groups.includes(group))
        .map(([name]) => [name, {}]),
    )
  const all = {
    hosts: Object.fromEntries(
      Object.entries(hosts).map(([name, one]) => [name, variablesOf(one, knownHosts)]),
    ),
    children: Object.fromEntries(groups.map((group) => [group, { hosts: membersOf(group) }])),
  }
  return JSON.stringify({ all }, null, 1)
}

function variablesOf(
  { address, port, user, host_key: keys, vars }: Hosts[string],
  knownHosts: string | null,
): Record<string, string | number> {
  return {
    ...(address === undefined ? {} : { ansible_host: address }),
    ...(port === undefined ? {} : { ansible_port: port }),
    ...(user === undefined ? {} : { ansible_user: user }),
    ...(keys.length === 0 || knownHosts === null
      ? {}
      : {
          ansible_ssh_common_args:
            `-o UserKnownHostsFile=${knownHosts} -o GlobalKnownHostsFile=/dev/null ` +
            '-o StrictHostKeyChecking=yes',
        }),
    ...vars,
  }
}

/** The file of the declared host keys, as `ssh` reads it; empty without one. Pure. */
export function knownHostsText(hosts: Hosts): string {
  return Object.entries(hosts)
    .flatMap(([name, { address = name, port = 22, host_key: keys }]) =>
      keys.map((key) => `${port === 22 ? address : `[${address}]:${port}`} ${key}\n`),
    )
    .join('')
}

/**
 * Names the machines for locks, so that no two runs change one at once: a declared machine by its
 * address and port, one of an inventory by its name. Sorted, so that no two runs wait for each
 * other. Pure.
 */
export function lockNames(names: readonly string[], hosts: Hosts | undefined): string[] {
  const locks = names.map((name) => {
    const host = hosts?.[name]
    const { port = 22 } = host ?? {}
    return `machine/${host?.address ?? name}${port === 22 ? '' : `:${port}`}`
  })
  return [...new Set(locks)].sort()
}
