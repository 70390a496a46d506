import type { MachinesFile } from '#contract/pipeline-file/machine-file.ts'
import { listHosts } from '#domains/host/store.ts'
import { machinesOf } from '#domains/machine/inventory.ts'
import { Failed } from '#engine/workflow.ts'
import { connectionOf } from '#platform/ssh/ssh.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/**
 * The machines of `target_hosts`: the hosts with these names that are not drained. Throws when
 * there is none, and when one is not registered.
 */
export async function targetHosts(
  { db, ssh }: Pick<Dependencies, 'db' | 'ssh'>,
  names: readonly string[],
  environment: string,
): Promise<NonNullable<MachinesFile['hosts']>> {
  const known = await listHosts(db)
  const hosts = names.map((name) => {
    const host = known.find((one) => one.name === name)
    if (!host) throw new Failed(`the host ${name} of the target is not registered`)
    return host
  })
  const wanted = hosts.filter(({ drained }) => drained === null)
  if (wanted.length === 0)
    throw new Failed(`no host of ${environment} gets the playbook: all are drained or away`)
  const connected = wanted.map(async ({ name, labels, hostKey, destination }) => ({
    ...{ name, labels, hostKey, ...(await connectionOf(ssh, destination)) },
  }))
  return machinesOf(await Promise.all(connected), environment)
}
