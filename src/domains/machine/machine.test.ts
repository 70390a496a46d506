import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { CommandEnd } from '#contract/job/host.ts'
import type { MachineResult } from '#contract/machine/machine.ts'
import { machinesFile } from '#contract/pipeline-file/machine-file.ts'
import { batchesOf, listedMachines } from './batches.ts'
import { linePrefix } from './callback.ts'
import { inventoryText, knownHostsText, lockNames, machinesOf } from './inventory.ts'
import { addLine, noProgress, type Progress, readEvent } from './output.ts'
import { haltedBecause, judgeBatch, mergeMachines } from './rules.ts'
import { machineScript } from './script.ts'

const settings = machinesFile.parse({
  playbook: 'site.yml',
  hosts: {
    'web-1': '10.0.0.1',
    'web-2': {
      ...{ address: '10.0.0.2', port: 2222, user: 'deploy', groups: 'web' },
      ...{ host_key: 'ssh-ed25519 AAAA', vars: { size: 2 } },
    },
  },
})
const line = (event: object): string => linePrefix + JSON.stringify(event)
const result = (host: string, state: string, more: object = {}): string =>
  line({ e: 'result', host, task: 'Install', at: 'site.yml:3', state, ...more })
const stats = (hosts: Record<string, [failures: number, unreachable: number]>): string =>
  line({
    e: 'stats',
    hosts: Object.fromEntries(
      Object.entries(hosts).map(([name, [failures, unreachable]]) => [
        name,
        { ok: 1, changed: 0, failures, unreachable },
      ]),
    ),
  })
const read = (...lines: string[]): Progress => {
  const progress = noProgress()
  for (const one of lines) addLine(progress, one)
  return progress
}
const exited = (exit: number): CommandEnd => ({
  ...{ kind: 'exited', exit, reason: exit === 0 ? null : `it exited with ${exit}`, at: 0 },
})

describe('batches', () => {
  const names = Array.from({ length: 10 }, (_, i) => `m${i}`)
  test.each([
    [['1'], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
    [
      ['1', '25%'],
      [1, 2, 2, 2, 2, 1],
    ],
    [
      ['1', '100%'],
      [1, 9],
    ],
    [
      ['3', '5'],
      [3, 5, 2],
    ],
    [['1%'], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ])('%j', (sizes, expected) => {
    const batches = batchesOf(names, sizes)
    expect(batches?.map(({ length }) => length)).toEqual(expected)
    expect(batches?.flat()).toEqual(names)
  })

  test('without sizes, there is one without a limit', () => {
    expect(batchesOf(names, [])).toBeNull()
    expect(batchesOf([], ['1'])).toEqual([])
  })

  test('are made of the machines that the plays name', () => {
    const text = `
playbook: site.yml

  play #1 (db): db	TAGS: []
    pattern: ['db']
    hosts (1):
      db-1

  play #2 (all): all	TAGS: []
    pattern: ['all']
    hosts (2):
      db-1
      web-1
`
    expect(listedMachines(text.split('\n'), [])).toEqual(['db-1', 'web-1'])
    expect(listedMachines(text.split('\n'), ['web-1', 'db-1'])).toEqual(['web-1', 'db-1'])
  })
})

describe('an inventory', () => {
  test('has the address, the user, the groups and the variables of each machine', () => {
    const { hosts = {} } = settings
    expect(JSON.parse(inventoryText(hosts, '/run/known'))).toEqual({
      all: {
        hosts: {
          'web-1': { ansible_host: '10.0.0.1' },
          'web-2': {
            ...{ ansible_host: '10.0.0.2', ansible_port: 2222, ansible_user: 'deploy', size: '2' },
            ansible_ssh_common_args:
              '-o UserKnownHostsFile=/run/known -o GlobalKnownHostsFile=/dev/null ' +
              '-o StrictHostKeyChecking=yes',
          },
        },
        children: { web: { hosts: { 'web-2': {} } } },
      },
    })
    expect(knownHostsText(hosts)).toBe('[10.0.0.2]:2222 ssh-ed25519 AAAA\n')
  })

  test('of the target has its hosts in groups by label and environment', () => {
    const one = { name: 'web-1', labels: ['eu-1', '2nd'], hostKey: 'ssh-ed25519 AAAA' }
    const hosts = machinesOf(
      [{ ...one, address: '10.0.0.1', port: 22, user: 'deploy' }],
      'production',
    )
    expect(hosts['web-1']?.groups).toEqual(['production', 'eu_1', '_2nd'])
    expect(JSON.parse(inventoryText(hosts, null)).all.hosts).toEqual({
      'web-1': { ansible_host: '10.0.0.1', ansible_port: 22, ansible_user: 'deploy' },
    })
    expect(knownHostsText(hosts)).toBe('10.0.0.1 ssh-ed25519 AAAA\n')
    // The same lock as of the machine in `hosts` of another app.
    expect(lockNames(['web-1'], hosts)).toEqual(['machine/10.0.0.1'])
  })

  test('names the lock of a machine by its address', () => {
    expect(lockNames(['web-2', 'web-1'], settings.hosts)).toEqual([
      ...['machine/10.0.0.1', 'machine/10.0.0.2:2222'],
    ])
    expect(lockNames(['b', 'a', 'b'], undefined)).toEqual(['machine/a', 'machine/b'])
  })
})

describe('the script', () => {
  test('is valid, and keeps hostile values out of the shell', () => {
    const hostile = machinesFile.parse({
      ...{ playbook: "it's $(touch x).yml", inventory: '`id`', groups: ['web'] },
      ...{ vars: { motd: "'; reboot; '" }, key: 'SSH_KEY', vault: 'VAULT', become: 'SUDO' },
      ...{ known_hosts: "k'n", verify: "test '$HOME'", batches: ['1'] },
    })
    for (const action of [
      { kind: 'list' } as const,
      { kind: 'plan' } as const,
      { kind: 'apply' as const, only: ['web-1'] },
    ]) {
      const script = machineScript(hostile, action)
      execFileSync('/bin/sh', ['-n', '-c', script])
      const start = script.split('\n').find((one) => one.startsWith('ansible-playbook')) ?? ''
      const words = execFileSync('/bin/sh', [
        '-c',
        start.replace('ansible-playbook', 'printf "%s\\n"'),
      ])
      expect(words.toString()).toContain("\nit's $(touch x).yml\n")
      expect(words.toString()).toContain('\n{"motd":"\'; reboot; \'"}\n')
    }
  })

  test('limits an application to its batch and the groups', () => {
    const of = (more: object, only: string[] | null) => {
      const file = machinesFile.parse({ playbook: 'site.yml', inventory: 'hosts', ...more })
      return machineScript(file, { kind: 'apply', only })
    }
    expect(of({}, null)).not.toContain('--limit')
    expect(of({}, ['a', 'b'])).toContain("--limit 'a:b'")
    expect(of({ groups: ['web'] }, null)).toContain("--limit 'web'")
    expect(of({ groups: ['web', 'db'] }, ['a'])).toContain("--limit 'a:&web:&db'")
  })

  test('lets ssh give up a machine that stops answering, and keeps the words of the team', () => {
    const script = machineScript(settings, { kind: 'plan' })
    const lines = script.split('\n').filter((one) => /^(theirs=|export ANSIBLE_SSH_E)/.test(one))
    const text = [...lines, 'printf %s "$ANSIBLE_SSH_EXTRA_ARGS"'].join('\n')
    const args = (env: Record<string, string>): string =>
      execFileSync('/bin/sh', ['-c', text], {
        env: { PATH: process.env['PATH'], ...env },
      }).toString()
    expect(args({})).toBe(' -o ServerAliveInterval=15 -o ServerAliveCountMax=4')
    expect(args({ ANSIBLE_SSH_EXTRA_ARGS: '-v' })).toMatch(/^-v -o ServerAliveInterval=15/)
  })

  test('gives the key of SSH to an agent only', () => {
    const file = machinesFile.parse({ playbook: 'site.yml', key: 'SSH_KEY' })
    expect(machineScript(file, { kind: 'plan' })).toContain('unset SSH_KEY')
    expect(machineScript(file, { kind: 'list' })).not.toContain('ssh-agent')
  })
})

describe('the output', () => {
  test('counts changes and failures of each machine', () => {
    const { machines, changes, total } = read(
      result('a', 'ok'),
      result('a', 'changed', { diff: '-one\n+two' }),
      result('b', 'skipped'),
      result('b', 'failed', { message: 'no such package', output: 'Reading\nno such package' }),
      'a warning',
    )
    expect([...machines.values()]).toEqual([
      {
        ...{ name: 'a', state: 'running', changed: 1, failed: 0, tasks: 2, reason: null },
        ...{ output: null, skipped: [] },
      },
      {
        ...{ name: 'b', state: 'running', changed: 0, failed: 1, tasks: 1 },
        reason: '“Install” (site.yml:3) failed: no such package',
        output: 'Reading\nno such package',
        skipped: [],
      },
    ])
    expect(changes).toEqual([
      { machine: 'a', task: 'Install', at: 'site.yml:3', object: null, diff: '-one\n+two' },
    ])
    expect(total).toBe(1)
  })

  test('of a rescued or ignored failure is no failure', () => {
    const { machines } = read(
      result('a', 'failed', { message: 'no', output: 'one\ntwo' }),
      result('b', 'failed', { message: 'no', ignored: true }),
      stats({ a: [0, 0], b: [0, 0] }),
    )
    expect([...machines.values()].map((one) => [one.state, one.reason, one.output])).toEqual([
      ['ok', null, null],
      ['ok', null, null],
    ])
  })

  test('never throws', () => {
    for (const text of ['', linePrefix, `${linePrefix}{`, line({ e: 'other' }), line([])])
      expect(readEvent(text)).toBeNull()
    expect(read(line({ e: 'result', host: 1 })).machines.size).toBe(0)
  })
})

describe('a batch', () => {
  const judge = (end: CommandEnd, progress: Progress, unreachable: 'fail' | 'continue' = 'fail') =>
    judgeBatch(end, progress, { unreachable, timeout: 60_000 })
  const away = read(
    result('a', 'ok'),
    result('b', 'unreachable', { message: 'refused' }),
    stats({ a: [0, 0], b: [0, 1] }),
  )

  test('passes when Ansible came to its end', () => {
    expect(judge(exited(0), read(result('a', 'ok'), stats({ a: [0, 0] })))).toMatchObject({
      ...{ state: 'passed', reason: null },
    })
    // The exit code alone is not enough: the playbook may have replaced the callback.
    expect(judge(exited(0), read(result('a', 'ok')))).toMatchObject({ state: 'failed' })
  })

  test('fails with the machine and the task', () => {
    const progress = read(result('a', 'failed', { message: 'no' }), stats({ a: [1, 0] }))
    expect(judge(exited(2), progress)).toMatchObject({
      ...{ state: 'failed', reason: 'a: “Install” (site.yml:3) failed: no' },
    })
  })

  test('fails or goes on when a machine does not answer', () => {
    expect(judge(exited(4), away).reason).toBe('b: it does not answer: refused')
    expect(judge(exited(4), away, 'continue')).toMatchObject({ state: 'passed' })
    const all = read(result('b', 'unreachable'), stats({ b: [0, 1] }))
    expect(judge(exited(4), all, 'continue').reason).toBe('no machine answers')
  })

  test('fails with the error of Ansible', () => {
    const progress = read('[WARNING]: old', 'ERROR! the playbook: x.yml could not be found')
    expect(judge(exited(1), progress).reason).toBe(
      'ansible-playbook exited with 1: ERROR! the playbook: x.yml could not be found',
    )
  })

  test('does not know what a machine did when it ended before', () => {
    const end = { kind: 'lost', exit: null, reason: 'the host died', at: 0 } as const
    expect(judge(end, read(result('a', 'changed')))).toMatchObject({
      ...{ state: 'lost', machines: [{ name: 'a', state: 'unknown', changed: 1 }] },
    })
    expect(judge({ ...end, kind: 'stopped' }, noProgress())).toMatchObject({ state: 'stopped' })
    expect(judge({ ...end, kind: 'timed_out' }, noProgress()).reason).toBe(
      'it did not end within 60 s',
    )
  })

  test('that fails names what is done and what is left', () => {
    const done: MachineResult = {
      ...{
        name: 'a',
        state: 'changed',
        changed: 1,
        failed: 0,
        output: null,
        tasks: 1,
        reason: null,
        skipped: [],
      },
    }
    const machines = mergeMachines(['a', 'b', 'c'], [done, { ...done, name: 'b', state: 'failed' }])
    expect(haltedBecause('b failed', machines)).toBe(
      'the machines are not as declared: b failed; done: a; not begun: c',
    )
  })
})
