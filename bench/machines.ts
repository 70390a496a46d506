import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { push } from '../test/support/app.ts'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { makeRepository } from '../test/support/repository.ts'
import { type SshMachines, startSshMachines } from '../test/support/sshd.ts'
import { waitFor } from '../test/support/wait.ts'
import { median, timed } from './measure.ts'

const count = 20
const rounds = 3
const place = { app: 'fleet', environment: 'production' }

/**
 * How long a playbook takes on 20 machines, beside `ansible-playbook` alone: as it is without any
 * setting, and with `--diff` and pipelining, with which Fairlead runs it.
 */
export async function run(): Promise<void> {
  const names = Array.from({ length: count }, (_, i) => `m${i + 1}`)
  const installation = await startInstallation()
  const ssh = await startSshMachines(names)
  const bare = makeBare(ssh)
  try {
    await deliver(installation, ssh)
    const ms = { own: [] as number[], same: [] as number[], plain: [] as number[] }
    for (let i = 0; i < rounds; i += 1) {
      ms.plain.push(await timed(() => bare.run({})))
      ms.same.push(await timed(() => bare.run({ ANSIBLE_PIPELINING: '1' }, '--diff')))
      // On a busy machine, the connection of the last round may have ended unnoticed.
      await waitFor('the server answers', () => answers(installation))
      ms.own.push(await timed(() => apply(installation)))
      await checked(installation)
    }
    const own = median(ms.own)
    const beside = (name: string, alone: number): string =>
      `${name} ${seconds(alone)}: ${(own / alone).toFixed(2)} times`
    console.log(
      [
        `${count} machines, ${rounds} rounds: ${seconds(own)}`,
        beside('ansible-playbook --diff with pipelining', median(ms.same)),
        beside('ansible-playbook', median(ms.plain)),
      ].join('; '),
    )
  } finally {
    await installation.stop()
    await ssh.remove()
    bare.remove()
  }
}

const answers = async ({ client }: Installation): Promise<boolean> =>
  (await client.health()).status === 'ok'

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

const playbook = (folder: string): string => `
- hosts: all
  gather_facts: true
  tasks:
    - copy: { content: "{{ ansible_date_time.epoch }}", dest: "${folder}/{{ inventory_hostname }}" }
    - file: { path: "${folder}/{{ inventory_hostname }}.d", state: directory }
    - command: "true"
`

function makeBare(ssh: SshMachines) {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bare-'))
  writeFileSync(join(folder, 'site.yml'), playbook(ssh.folder))
  writeFileSync(join(folder, 'key'), ssh.key, { mode: 0o600 })
  const known = ssh.machines.map(({ port, hostKey }) => `[127.0.0.1]:${port} ${hostKey}\n`)
  writeFileSync(join(folder, 'known_hosts'), known.join(''))
  const lines = ssh.machines.map(
    ({ name, port }) =>
      `${name} ansible_host=127.0.0.1 ansible_port=${port} ansible_user=${ssh.user} ` +
      `ansible_ssh_private_key_file=${folder}/key ` +
      `ansible_ssh_common_args='-o UserKnownHostsFile=${folder}/known_hosts'\n`,
  )
  writeFileSync(join(folder, 'hosts'), lines.join(''))
  const words = ['-i', 'hosts', '--forks', '20']
  return {
    // A call that blocks would let the connection to the server end unnoticed.
    run: (env: Record<string, string>, ...more: string[]) =>
      promisify(execFile)('ansible-playbook', [...words, ...more, 'site.yml'], {
        cwd: folder,
        // Each run connects anew, as each run of Fairlead does.
        env: { ...process.env, ...env, HOME: mkdtempSync(join(folder, 'home-')) },
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function deliver(installation: Installation, ssh: SshMachines): Promise<void> {
  const { client } = installation
  const hosts = Object.fromEntries(
    ssh.machines.map(({ name, port, hostKey }) => [
      name,
      { address: '127.0.0.1', port, user: ssh.user, host_key: hostKey },
    ]),
  )
  const repository = await makeRepository({ 'fairlead.yaml': '{environments: {production: {}}}' })
  await push(installation, place.app, repository)
  const isLive = async (kind: string): Promise<boolean> =>
    (await client.getEnvironment({ params: place })).current?.kind === kind
  await waitFor('the first release is live', () => isLive('delivery'))
  const key = join(installation.home, 'ssh-key')
  writeFileSync(key, ssh.key)
  await installation.cli('secret', 'set', 'fleet', 'production', 'SSH_KEY', '--from-file', key)
  await waitFor('the secret is deployed', () => isLive('configuration'))
  const machines = { playbook: 'site.yml', hosts, key: 'SSH_KEY', plan: false }
  await repository.commit({
    'site.yml': playbook(ssh.folder),
    'fairlead.yaml': JSON.stringify({ environments: { production: { machines } } }),
  })
  await push(installation, place.app, repository)
  await waitFor('the playbook is applied', () => isLive('delivery'), 600)
  await checked(installation)
  await repository.remove()
}

async function apply({ client }: Installation): Promise<void> {
  const { id } = await client.applyMachines({ params: place })
  const params = { app: place.app, machineRun: id }
  for (;;) {
    const { ended, reason } = await client.getMachineRun({ params })
    if (reason !== null) throw new Error(reason)
    if (ended !== null) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Waits until the drift check after an application has ended, so that it disturbs no round. */
async function checked({ client }: Installation): Promise<void> {
  const isChecked = async (): Promise<boolean> => {
    const params = { app: place.app }
    const { machineRuns } = await client.listMachineRuns({ params, query: { limit: 1 } })
    return machineRuns[0]?.mode === 'check' && machineRuns[0].ended !== null
  }
  await waitFor('the machines are checked', isChecked, 600)
}
