import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { killAt, type Moment } from './support/kill-at.ts'
import { requires, requiresRoot } from './support/programs.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { type SshMachines, startSshMachines } from './support/sshd.ts'
import { waitFor } from './support/wait.ts'

/** Kills server, host and runner at each boundary of the application of a playbook. */
const app = 'fleet'
const place = { app, environment: 'production' }
const names = ['m1', 'm2']
const missing = requires('ansible', 'sshd')

describe('an application in batches', missing.skip === true ? missing : requiresRoot, () => {
  let installation: Installation
  let repository: Repository
  const repositories: Repository[] = []
  let ssh: SshMachines
  let version = 0

  /** The second of two at once does not get the folder, and fails. */
  const playbook = (): string => `
- hosts: all
  gather_facts: false
  vars: { own: "${ssh.folder}/{{ inventory_hostname }}" }
  tasks:
    - command: mkdir {{ own }}.busy
    - shell: echo ${version} >>{{ own }}.count; sleep 1
    - command: rmdir {{ own }}.busy
`
  const files = (): Record<string, string> => {
    version += 1
    const hosts = Object.fromEntries(
      ssh.machines.map(({ name, port, hostKey }) => [
        name,
        { address: '127.0.0.1', port, user: ssh.user, host_key: hostKey },
      ]),
    )
    const settings = { playbook: 'site.yml', hosts, key: 'SSH_KEY', plan: false, batches: [1] }
    const file = { environments: { production: { machines: settings } } }
    return { 'site.yml': playbook(), 'fairlead.yaml': JSON.stringify(file) }
  }
  const isBusy = (name: string): boolean => existsSync(join(ssh.folder, `${name}.busy`))
  const counts = (): string[] =>
    names.map((name) => readFileSync(join(ssh.folder, `${name}.count`), 'utf8'))

  /** An app whose environment has the key of SSH. */
  const prepare = async (name: string): Promise<Repository> => {
    const made = await makeRepository({ 'fairlead.yaml': '{environments: {production: {}}}' })
    repositories.push(made)
    await push(installation, name, made)
    const params = { app: name, environment: 'production' }
    const isLive = async (kind: string): Promise<boolean> =>
      (await installation.client.getEnvironment({ params })).current?.kind === kind
    await waitFor('the first release is live', () => isLive('delivery'))
    const key = join(installation.home, 'ssh-key')
    writeFileSync(key, ssh.key)
    const set = ['secret', 'set', name, 'production', 'SSH_KEY', '--from-file', key]
    expect((await installation.cli(...set)).stderr).toBe('')
    await waitFor('the secret is deployed', () => isLive('configuration'))
    return made
  }

  beforeAll(async () => {
    ssh = await startSshMachines(names)
    for (const name of names) writeFileSync(join(ssh.folder, `${name}.count`), '')
    installation = await startInstallation()
    repository = await prepare(app)
  })
  afterAll(async () => {
    await installation.stop()
    await Promise.all(repositories.map((one) => one.remove()))
    await ssh.remove()
  })

  const victims = ['server', 'host', 'runner'] as const
  const moments: [string, Moment][] = [
    ['begins', 'fairlead-machines.started'],
    ['changes the first machine', () => isBusy('m1')],
    ['is between two machines', () => counts()[0]!.endsWith(`${version}\n`) && !isBusy('m1')],
    ['changes the last machine', () => isBusy('m2')],
    ['has ended', 'fairlead-machines.finished'],
  ]
  describe.each(moments)('that %s', (_name, moment) => {
    test.each(victims)('changes each machine once when the %s is killed', async (victim) => {
      const before = counts()
      const delivery = { installation, app, repository, files: files(), subject: `v${version}` }
      const run = await killAt(delivery, victim, moment)
      expect(run.reason).toBeNull()
      expect(counts()).toEqual(before.map((text) => `${text}${version}\n`))
      const { machineRuns } = await installation.client.listMachineRuns({
        ...{ params: { app }, query: { limit: 500 } },
      })
      const applied = machineRuns.filter(({ mode }) => mode === 'apply')
      expect(applied).toHaveLength(version)
      for (const one of applied) expect(one).toMatchObject({ state: 'passed', total: 6 })
      const { machines } = await installation.client.listMachines({ params: place })
      expect(machines.map(({ state }) => state)).toEqual(['changed', 'changed'])
    })
  })

  test.each(['server', 'host'] as const)(
    'waits for the one of another app, also when the %s is killed',
    async (victim) => {
      const other = repositories[1] ?? (await prepare('other'))
      const before = counts()
      await other.commit(files())
      await push(installation, 'other', other)
      const [{ id } = { id: 0 }] = (
        await installation.client.listRuns({ query: { app: 'other', limit: 1 } })
      ).runs
      const delivery = { installation, app, repository, files: files(), subject: `v${version}` }
      const run = await killAt(delivery, victim, () => isBusy('m1'))
      expect(run.reason).toBeNull()
      expect((await endedRun(installation, id, 120)).reason).toBeNull()
      const both = [`${version - 1}\n`, `${version}\n`]
      for (const [i, text] of counts().entries()) {
        const lines = text.slice(before[i]!.length)
        expect([both.join(''), both.toReversed().join('')]).toContain(lines)
      }
    },
  )
})
