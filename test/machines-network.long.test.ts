import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MachineRun } from '#contract/machine/machine.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { requires } from './support/programs.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { requiresNetworkNamespaces } from './support/ssh-network.ts'
import { type SshMachines, startSshMachines } from './support/sshd.ts'
import { waitFor } from './support/wait.ts'

const app = 'fleet'
const place = { app, environment: 'production' }
/** Seconds that three machines get for a playbook, also on a busy machine. */
const patience = 300
const names = ['m1', 'm2', 'm3']
const missing = requires('ansible', 'sshd', 'iproute2')

/** A cable that is pulled out: packets vanish, and no connection is refused or closed. */
describe(
  'machines in networks of their own',
  missing.skip === true ? missing : requiresNetworkNamespaces,
  () => {
    let installation: Installation
    let repository: Repository
    let ssh: SshMachines

    const textOf = (name: string): string | null =>
      existsSync(join(ssh.folder, name)) ? readFileSync(join(ssh.folder, name), 'utf8') : null
    const playbook = (text: string, ...more: object[]): string => {
      const write = { copy: { content: text, dest: `${ssh.folder}/{{ inventory_hostname }}` } }
      return JSON.stringify([{ hosts: 'all', gather_facts: false, tasks: [...more, write] }])
    }
    const settings = (more: object): string => {
      const hosts = Object.fromEntries(
        ssh.machines.map(({ name, address, port, hostKey }) => [
          name,
          { address, port, user: ssh.user, host_key: hostKey },
        ]),
      )
      const machines = { playbook: 'site.yml', hosts, key: 'SSH_KEY', plan: false, ...more }
      return JSON.stringify({ environments: { production: { machines } } })
    }
    const deliver = async (files: Record<string, string>): Promise<number> => {
      await repository.commit(files)
      await push(installation, app, repository)
      const [run] = (await installation.client.listRuns({ query: { app, limit: 1 } })).runs
      return run!.id
    }
    const applied = async (): Promise<MachineRun | undefined> => {
      const query = { mode: 'apply' as const, limit: 1 }
      return (await installation.client.listMachineRuns({ params: { app }, query })).machineRuns[0]
    }

    beforeAll(async () => {
      ssh = await startSshMachines(names, { net: true })
      installation = await startInstallation()
      repository = await makeRepository({ 'fairlead.yaml': '{environments: {production: {}}}' })
      await push(installation, app, repository)
      await endedRun(installation, 1)
      const key = join(installation.home, 'ssh-key')
      writeFileSync(key, ssh.key)
      const set = ['secret', 'set', app, 'production', 'SSH_KEY', '--from-file', key]
      expect((await installation.cli(...set)).stderr).toBe('')
      await waitFor('the secret is deployed', async () => {
        const { current } = await installation.client.getEnvironment({ params: place })
        return current?.kind === 'configuration'
      })
    })
    afterAll(async () => {
      await installation.stop()
      await repository.remove()
      await ssh.remove()
    })

    test('one that is dark is named, and the others get the playbook', async () => {
      ssh.machines[1]?.network?.unplug()
      const run = await endedRun(
        installation,
        await deliver({ 'site.yml': playbook('one'), 'fairlead.yaml': settings({}) }),
        patience,
      )
      ssh.machines[1]?.network?.plug()
      expect(run.reason).toMatch(/m2: it does not answer: .*timed out.*; done: m1, m3/)
      expect(names.map(textOf)).toEqual(['one', null, 'one'])
      const { ended, started } = (await applied())!
      expect(Date.parse(ended ?? '') - Date.parse(started)).toBeLessThan(60_000)
    })

    test('one that gets dark during a task is named, and the others go on', async () => {
      const own = `${ssh.folder}/{{ inventory_hostname }}.begun`
      const wait = { shell: `touch ${own}; until test -e ${ssh.folder}/go; do sleep 1; done` }
      const run = await deliver({
        'site.yml': playbook('two', wait),
        'fairlead.yaml': settings({}),
      })
      const hasBegun = async (): Promise<boolean> =>
        names.every((name) => existsSync(join(ssh.folder, `${name}.begun`)))
      await waitFor('all machines wait', hasBegun, patience)
      ssh.machines[0]?.network?.unplug()
      writeFileSync(join(ssh.folder, 'go'), '')
      const ended = await endedRun(installation, run, patience)
      ssh.machines[0]?.network?.plug()
      // Ansible does not always see that its connection ended the task.
      expect(ended.reason).toMatch(/m1: (it does not answer|“shell” failed: Failed to connect)/)
      expect(ended.reason).toContain('; done: m2, m3')
      expect([textOf('m2'), textOf('m3')]).toEqual(['two', 'two'])
    })
  },
)
