import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { machineKinds, machineSetup } from './support/machine-kinds.ts'
import { requires } from './support/programs.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { requiresOwnFolders, type SshMachines, startSshMachines } from './support/sshd.ts'
import { waitFor } from './support/wait.ts'

const app = 'fleet'
const place = { app, environment: 'production' }
const patience = 300
const missing = requires('ansible', 'sshd')
const kinds = Object.entries(machineKinds)

describe('drift of machines', missing.skip === true ? missing : requiresOwnFolders, () => {
  let installation: Installation
  let repository: Repository
  let ssh: SshMachines

  const read = () => installation.client.listDrift({ params: place })
  const check = () => installation.cli('drift', 'check', app, 'production')
  const summary = async () => {
    const { differences, machines } = await read()
    const names = differences.map(({ machine, name }) => `${machine}: ${name}`)
    return { names, states: machines?.machines.map(({ name, state }) => `${name} ${state}`) }
  }
  /** Waits for the check that follows an application. */
  const checked = (run: number) =>
    waitFor(
      'the machines are compared',
      async () => {
        const { machines } = await read()
        return machines !== null && machines.run > run && !machines.isRunning
      },
      patience,
    )
  const lastRun = async (): Promise<number> => {
    const query = { mode: 'apply' as const, limit: 1 }
    const { machineRuns } = await installation.client.listMachineRuns({ params: { app }, query })
    return machineRuns[0]?.id ?? 0
  }
  const deliver = async (tasks: object[], files: Record<string, string> = {}): Promise<void> => {
    const hosts = Object.fromEntries(
      ssh.machines.map(({ name, port, hostKey }) => [
        name,
        { address: '127.0.0.1', port, user: ssh.user, host_key: hostKey },
      ]),
    )
    const machines = { playbook: 'site.yml', hosts, key: 'SSH_KEY', plan: false }
    await repository.commit({
      ...files,
      'ansible.cfg': '[ssh_connection]\npipelining = true\n',
      'site.yml': JSON.stringify([{ hosts: 'all', gather_facts: false, tasks }]),
      'fairlead.yaml': JSON.stringify({ environments: { production: { machines } } }),
    })
    await push(installation, app, repository)
    const [run] = (await installation.client.listRuns({ query: { app, limit: 1 } })).runs
    expect((await endedRun(installation, run!.id, patience)).reason).toBeNull()
    await checked(await lastRun())
  }
  const secret = async (name: string, value: string): Promise<void> => {
    const { current: before } = await installation.client.getEnvironment({ params: place })
    const file = join(installation.home, 'value')
    writeFileSync(file, value)
    const set = ['secret', 'set', app, 'production', name, '--from-file', file]
    expect((await installation.cli(...set)).stderr).toBe('')
    await waitFor(
      'the secret is deployed',
      async () => {
        const { current } = await installation.client.getEnvironment({ params: place })
        return current?.kind === 'configuration' && current.id !== before?.id
      },
      patience,
    )
  }

  beforeAll(async () => {
    ssh = await startSshMachines(['m1', 'm2'], { own: true })
    for (const machine of ssh.machines) machine.run(machineSetup)
    installation = await startInstallation()
    repository = await makeRepository({ 'fairlead.yaml': '{environments: {production: {}}}' })
    await push(installation, app, repository)
    await endedRun(installation, 1)
    await secret('SSH_KEY', ssh.key)
  })
  afterAll(async () => {
    await installation.stop()
    await repository.remove()
    await ssh.remove()
  })

  test(`of ${kinds.length} kinds is found by one check`, async () => {
    const tasks = kinds.map(([name, { task }]) => ({ name, vars: { pool: 5 }, ...task }))
    await deliver(tasks, { 'app.conf.j2': 'pool = {{ pool }}\n' })
    expect(await summary()).toEqual({ names: [], states: ['m1 same', 'm2 same'] })
    ssh.machines[0]?.run(kinds.map(([, { change }]) => `( ${change} ) >&2 || exit 9`).join('\n'))
    expect((await check()).code).toBe(1)
    const { names, states } = await summary()
    const missed = kinds.filter(([name]) => !names.includes(`m1: ${name}`)).map(([name]) => name)
    console.log(`kinds of differences of a machine that one check finds: ${names.length}`)
    expect(missed).toEqual([])
    expect(names).toHaveLength(kinds.length)
    expect(states).toEqual(['m1 different', 'm2 same'])

    const { differences } = await read()
    const line = differences.find(({ name }) => name === 'changed line')
    expect(line).toMatchObject({
      ...{ kind: 'task', machine: 'm1', service: null, atRestart: null, remedy: 'apply' },
      object: 'lineinfile /opt/declared/line',
    })
    expect(line?.diff).toContain('-port=2\n+port=1')
    const params = { ...place, id: line?.id ?? 0 }
    await expect(installation.client.getDriftPatch({ params })).rejects.toThrow(
      /cannot be taken over: its value may come from a variable/,
    )
  })

  test('is put right, unknown on a machine that does not answer, and shows no secret', async () => {
    await secret('PASSWORD', 'of-this-month')
    await deliver([
      {
        name: 'Configure',
        copy: { dest: '/etc/app.env', content: "p={{ lookup('env', 'PASSWORD') }}\n" },
      },
      { name: 'Stamp', copy: { dest: '/etc/stamp', content: '{{ 99999999 | random }}' } },
      { name: 'Run', command: 'true' },
    ])
    const fresh = await read()
    expect(fresh.differences).toEqual([])
    expect(fresh.machines?.machines[0]).toMatchObject({
      ...{ state: 'same', repeating: ['Stamp'], skipped: ['Run'] },
    })
    for (const machine of ssh.machines) machine.run('echo p=of-last-month >/etc/app.env')
    await check()
    const { differences } = await read()
    expect(differences.map(({ machine, name }) => [machine, name])).toEqual([
      ['m1', 'Configure'],
      ['m2', 'Configure'],
    ])
    expect(differences[0]?.diff).toMatch(/-\*\*\*\n\+p=\*\*\*/)
    const stored = JSON.stringify([
      await read(),
      await installation.client.listMachineRuns({
        ...{ params: { app }, query: { limit: 500 } },
      }),
    ])
    expect(stored).not.toContain('of-this-month')
    expect(stored).not.toContain('of-last-month')
    const { machines: before } = await installation.client.listMachines({ params: place })
    const repaired = await installation.cli(
      ...['drift', 'repair', app, 'production', String(differences[0]?.id)],
    )
    expect(repaired.code).toBe(0)
    await checked(await lastRun())
    expect(await summary()).toEqual({
      names: ['m2: Configure'],
      states: ['m1 same', 'm2 different'],
    })
    const { machines: after } = await installation.client.listMachines({ params: place })
    expect(after.map(({ applied }, i) => applied === before[i]?.applied)).toEqual([false, true])

    await ssh.machines[1]?.stop()
    const shown = await check()
    expect(shown.code).toBe(1)
    expect(shown.stdout).toMatch(/ {4}m2 is unknown: it does not answer: /)
    expect(await summary()).toEqual({
      names: ['m2: Configure'],
      states: ['m1 same', 'm2 unknown'],
    })
    await ssh.machines[0]?.stop()
    expect((await check()).stdout).toContain('The machines could not be compared')
    const [, second] = differences
    expect((await read()).differences.map(({ id, since }) => [id, since])).toEqual([
      [second?.id, second?.since],
    ])
  })
})
