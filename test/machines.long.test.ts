import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MachineRun } from '#contract/machine/machine.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { processOf } from './support/processes.ts'
import { requires, requiresRoot } from './support/programs.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { type SshMachines, startSshMachines } from './support/sshd.ts'
import { waitFor } from './support/wait.ts'

const app = 'fleet'
const place = { app, environment: 'production' }
/** Seconds that four machines get for a playbook, also on a busy machine. */
const patience = 300
const names = ['m1', 'm2', 'm3', 'm4']
const secret = 'quote"and-more'
const missing = requires('ansible', 'sshd')

describe('machines over SSH', missing.skip === true ? missing : requiresRoot, () => {
  let installation: Installation
  let repository: Repository
  let ssh: SshMachines
  let hosts: Record<string, object>
  let settings: Record<string, unknown>

  /** A playbook that writes a text, and counts how often each machine ran it. */
  const playbook = (text: string, more = ''): string =>
    [
      '- hosts: web',
      '  gather_facts: false',
      '  tasks:',
      '    - name: Write the text',
      `      copy: { content: "${text}", dest: "${ssh.folder}/{{ inventory_hostname }}" }`,
      '    - name: Count',
      `      shell: echo x >>${ssh.folder}/{{ inventory_hostname }}.count`,
      more,
    ].join('\n')
  const file = (more: object = {}): string =>
    JSON.stringify({ environments: { production: { machines: { ...settings, ...more } } } })
  const textOf = (name: string): string | null =>
    existsSync(join(ssh.folder, name)) ? readFileSync(join(ssh.folder, name), 'utf8') : null
  const countOf = (name: string): number => (textOf(`${name}.count`) ?? '').split('x').length - 1
  const forget = (): void => {
    for (const name of names) rmSync(join(ssh.folder, `${name}.count`), { force: true })
  }
  const runsOf = async (): Promise<MachineRun[]> =>
    (
      await installation.client.listMachineRuns({ params: { app }, query: { limit: 500 } })
    ).machineRuns.filter(({ mode }) => mode !== 'check')
  const applied = async (): Promise<MachineRun> =>
    (await runsOf()).find(({ mode }) => mode === 'apply')!
  const ended = async (id: number): Promise<MachineRun> => {
    const params = { app, machineRun: id }
    const hasEnded = async (): Promise<boolean> =>
      (await installation.client.getMachineRun({ params })).ended !== null
    await waitFor(`run ${id} ends`, hasEnded, patience)
    return installation.client.getMachineRun({ params })
  }
  const allWait = () =>
    waitFor('all machines wait', async () => names.every((name) => countOf(name) === 1), patience)
  const deliver = async (files: Record<string, string>) => {
    await repository.commit(files)
    await push(installation, app, repository)
    const [run] = (await installation.client.listRuns({ query: { app, limit: 1 } })).runs
    return run!.id
  }
  const delivered = async (files: Record<string, string>) =>
    endedRun(installation, await deliver(files), patience)

  beforeAll(async () => {
    ssh = await startSshMachines(names)
    hosts = Object.fromEntries(
      ssh.machines.map(({ name, port, hostKey }) => [
        name,
        { address: '127.0.0.1', port, user: ssh.user, host_key: hostKey, groups: 'web' },
      ]),
    )
    settings = { playbook: 'site.yml', hosts, key: 'SSH_KEY', plan: false }
    installation = await startInstallation()
    repository = await makeRepository({ 'fairlead.yaml': '{environments: {production: {}}}' })
    await push(installation, app, repository)
    await endedRun(installation, 1)
    const token = join(installation.home, 'token-value')
    writeFileSync(token, secret)
    await installation.cli('secret', 'set', app, 'production', 'TOKEN', '--from-file', token)
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

  test('get the playbook in batches, after a plan that changes nothing', async () => {
    const run = await delivered({
      'site.yml': playbook(
        'one',
        `    - name: Say\n      debug: { msg: "is {{ lookup('env', 'TOKEN') | to_json }}" }`,
      ),
      'fairlead.yaml': file({
        ...{ plan: true, batches: [1, '100%'] },
        verify: `echo "$FAIRLEAD_MACHINES" >>/tmp/verified; test -s /tmp/verified`,
      }),
    })
    expect(run.reason).toBeNull()
    const [apply, plan] = await runsOf()
    // Check mode skips shell commands.
    expect(plan).toMatchObject({ mode: 'plan', state: 'passed', total: 4 })
    expect(plan?.changes[0]?.diff).toContain(`+++ after: ${ssh.folder}/m`)
    expect(apply).toMatchObject({ mode: 'apply', state: 'passed', total: 8, reason: null })
    expect(names.map(textOf)).toEqual(['one', 'one', 'one', 'one'])
    expect(names.map(countOf)).toEqual([1, 1, 1, 1])
    const change = await installation.client.getChange({ params: { run: run.id } })
    expect(change.machines.map(({ id }) => id)).toEqual([plan?.id])
    const { events } = await installation.client.listEvents({ query: { limit: 500 } })
    expect(JSON.stringify([events, await runsOf()])).not.toContain('PRIVATE KEY')
    const log = (await installation.cli('machines', 'logs', app, String(apply?.id))).stdout
    for (const name of names) expect(log).toContain(`\n${name}: ok: Say\n${name} | is "***"\n`)
    expect(log).toContain('Task: Count (site.yml:6)\nm1: changed: Count: shell\n')
    expect(log).not.toContain(secret)
  })

  test('are halted at the first that fails, and get the former commit back', async () => {
    const run = await delivered({
      'site.yml': playbook(
        'two',
        "    - name: Break\n      command: /bin/false\n      when: inventory_hostname == 'm2'",
      ),
      'fairlead.yaml': file({ batches: [1] }),
    })
    expect(run.state).toBe('failed')
    expect(run.reason).toBe(
      'production: the machines are not as declared: m2: “Break” (site.yml:8) failed: ' +
        'non-zero return code; done: m1; not begun: m3, m4',
    )
    expect(names.map(textOf)).toEqual(['two', 'two', 'one', 'one'])
    const { machines } = await installation.client.listMachines({ params: place })
    expect(machines.map(({ state }) => state)).toEqual(['changed', 'failed', 'changed', 'changed'])
    const back = await installation.cli('machines', 'apply', app, 'production')
    expect(back.stderr).toBe('')
    expect(back.code).toBe(0)
    expect(names.map(textOf)).toEqual(['one', 'one', 'one', 'one'])
  })

  test('that do not answer, or have another key, are named', async () => {
    const [m1, , m3] = ssh.machines
    await m3?.stop()
    const other = { ...hosts, m4: { ...hosts['m4'], host_key: m1?.hostKey } }
    const run = await delivered({
      'site.yml': playbook('three'),
      'fairlead.yaml': file({ hosts: other }),
    })
    expect(run.state).toBe('failed')
    expect(run.reason).toMatch(/m3: it does not answer: .*refused.*; m4: it does not answer/)
    expect(names.map(textOf)).toEqual(['three', 'three', 'one', 'one'])
    const on = await delivered({
      'site.yml': playbook('four'),
      'fairlead.yaml': file({ unreachable: 'continue' }),
    })
    expect(on.reason).toBeNull()
    expect(names.map(textOf)).toEqual(['four', 'four', 'one', 'four'])
    const { machines } = await installation.client.listMachines({ params: place })
    expect(machines[2]).toMatchObject({ name: 'm3', state: 'unreachable' })
    await m3?.start()
    expect((await installation.cli('machines', 'apply', app, 'production')).code).toBe(0)
    expect(names.map(textOf)).toEqual(['four', 'four', 'four', 'four'])
  })

  test('are rolled back with their release', async () => {
    await delivered({ 'site.yml': playbook('five'), 'fairlead.yaml': file() })
    expect(names.map(textOf)).toEqual(['five', 'five', 'five', 'five'])
    const before = await applied()
    expect((await installation.cli('rollback', app, 'production')).code).toBe(0)
    await waitFor('the playbook begins', async () => (await applied()).id !== before.id)
    await ended((await applied()).id)
    expect(names.map(textOf)).toEqual(['four', 'four', 'four', 'four'])
  })

  const slow = (text: string): string =>
    playbook(text, `    - name: Wait\n      wait_for: { path: ${ssh.folder}/go, timeout: 120 }`)

  test.each(['server', 'host', 'runner'] as const)(
    'get a playbook once when the %s is killed',
    async (victim) => {
      forget()
      rmSync(join(ssh.folder, 'go'), { force: true })
      const before = (await applied()).id
      const run = await deliver({ 'site.yml': slow(`killed ${victim}`), 'fairlead.yaml': file() })
      await allWait()
      process.kill(await processOf(installation, victim), 'SIGKILL')
      if (victim === 'server') {
        await installation.killServer()
        await installation.start()
      }
      writeFileSync(join(ssh.folder, 'go'), '')
      expect((await endedRun(installation, run, patience)).reason).toBeNull()
      expect(names.map(countOf)).toEqual([1, 1, 1, 1])
      const after = (await runsOf()).filter(({ id }) => id > before)
      expect(after).toHaveLength(1)
      expect(after[0]).toMatchObject({ state: 'passed', total: 8 })
    },
  )

  test('are left as they are when a person stops the run or cancels the delivery', async () => {
    for (const how of ['stop', 'cancel'] as const) {
      forget()
      rmSync(join(ssh.folder, 'go'), { force: true })
      const run = await deliver({ 'site.yml': slow(how), 'fairlead.yaml': file() })
      await allWait()
      const { id } = await applied()
      if (how === 'stop') await installation.cli('machines', 'stop', app, String(id))
      else await installation.cli('cancel', String(run))
      const stopped = await ended(id)
      expect(stopped.state).toBe('stopped')
      expect(stopped.machines.map(({ state }) => state)).toEqual(names.map(() => 'unknown'))
      expect((await endedRun(installation, run, patience)).state).toBe(
        how === 'stop' ? 'failed' : 'cancelled',
      )
    }
  })
})
