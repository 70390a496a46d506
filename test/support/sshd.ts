import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { pathOf, skipWhen } from './programs.ts'
import { makeNetwork, type NetworkOfMachine } from './ssh-network.ts'
import { waitFor } from './wait.ts'

/** An SSH server as a machine: on a port of 127.0.0.1, or in a network of its own. */
export interface SshMachine {
  name: string
  address: string
  port: number
  /** null on 127.0.0.1 */
  network: NetworkOfMachine | null
  /** runs a script of `sh` on it, and returns its output */
  run(script: string): string
  /** its public key, for `host_key` */
  hostKey: string
  stop(): Promise<void>
  /** `other key`: with another host key than before */
  start(how?: 'other key'): Promise<void>
}

export interface SshMachines {
  machines: SshMachine[]
  /** the private key of the user who may sign in */
  key: string
  user: string
  /** an ssh_config in which the machines have their names */
  config: string
  /** where the playbooks of a test write */
  folder: string
  remove(): Promise<void>
}

interface MachineOptions {
  own?: boolean
  net?: boolean
}

const makeKey = (file: string): void =>
  void execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file])

/**
 * In a mount namespace, makes a layer over these folders: what is written below them is seen by
 * nobody else, and is gone with the last process.
 */
const ownFolders = `work=$(mktemp -d) && mount -t tmpfs none "$work" || exit 1
for folder in etc usr var root home opt; do
  mkdir "$work/$folder.upper" "$work/$folder.work"
  mount -t overlay -o "lowerdir=/$folder,upperdir=$work/$folder.upper,workdir=$work/$folder.work" \\
    overlay "/$folder" || exit 1
done`
const inOwnFolders = (command: string): string[] => [
  // Services that a playbook started end with the machine.
  ...['--pid', '--fork', '--kill-child', '--mount-proc', '--mount', '--propagation', 'private'],
  ...['sh', '-c', `${ownFolders}\nexec ${command}`],
]

/** For tests whose machines have folders of their own. */
export const requiresOwnFolders = skipWhen(
  process.getuid?.() !== 0 ||
    spawnSync('unshare', inOwnFolders('true'), { stdio: 'ignore' }).status !== 0,
  'overlays cannot be mounted here: run the tests as root, where mount namespaces are allowed',
)

/**
 * Starts one SSH server for each name, which accept one key. With `own`, each has system folders of
 * its own, in which a playbook can change users and packages; with `net`, an address of its own.
 */
export async function startSshMachines(
  names: string[],
  options: MachineOptions = {},
): Promise<SshMachines> {
  const root = mkdtempSync(join(tmpdir(), 'fairlead-sshd-'))
  const folder = join(root, 'machines')
  mkdirSync(folder)
  makeKey(join(root, 'user'))
  mkdirSync('/run/sshd', { recursive: true })
  const machines = await Promise.all(names.map((name) => makeMachine(root, name, options)))
  for (const one of machines) await one.start()
  const config = join(root, 'ssh_config')
  writeFileSync(join(root, 'known_hosts'), machines.map(knownHost).join(''))
  writeFileSync(config, machines.map((one) => configOf(root, one)).join(''))
  return {
    config,
    ...{ machines, folder, key: readFileSync(join(root, 'user'), 'utf8') },
    user: userInfo().username,
    remove: async () => {
      for (const one of machines) await one.stop()
      for (const { network } of machines) network?.remove()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

const knownHost = ({ address, port, hostKey }: SshMachine): string =>
  `[${address}]:${port} ${hostKey}\n`

const configOf = (root: string, { name, address, port }: SshMachine): string =>
  [
    `Host ${name}\n  HostName ${address}\n  Port ${port}\n  User ${userInfo().username}`,
    `  IdentityFile ${join(root, 'user')}\n  IdentitiesOnly yes`,
    `  UserKnownHostsFile ${join(root, 'known_hosts')}\n`,
  ].join('\n')

/** The configuration of a machine with another host key. */
function otherKey(file: string): string {
  if (!existsSync(`${file}.other`)) makeKey(`${file}.other`)
  const text = readFileSync(`${file}.conf`, 'utf8').replace(`${file}.key`, `${file}.other`)
  writeFileSync(`${file}.other.conf`, text)
  return `${file}.other.conf`
}

async function makeMachine(
  root: string,
  name: string,
  { own, net }: MachineOptions,
): Promise<SshMachine> {
  const file = join(root, name)
  makeKey(`${file}.key`)
  mkdirSync(`${file}.home`)
  const network = net ? makeNetwork(file) : null
  const address = network?.address ?? '127.0.0.1'
  const port = network ? 2222 : await freePort()
  writeFileSync(
    `${file}.conf`,
    [
      ...[`Port ${port}`, `ListenAddress ${address}`, `HostKey ${file}.key`, 'UsePAM no'],
      ...[`AuthorizedKeysFile ${join(root, 'user.pub')}`, 'StrictModes no', 'PidFile none'],
      ...['PermitRootLogin yes', 'PasswordAuthentication no', 'MaxStartups 100'],
      // What this user's shell does at its start is no part of a test.
      ...['Subsystem sftp internal-sftp', `SetEnv HOME=${file}.home`],
    ].join('\n'),
  )
  let server: ChildProcess | null = null
  return {
    ...{ name, address, port, network },
    run: (input) =>
      execFileSync('ssh', ['-F', join(root, 'ssh_config'), name, 'sh', '-s'], {
        ...{ input, encoding: 'utf8' },
      }),
    hostKey: readFileSync(`${file}.key.pub`, 'utf8').split(' ').slice(0, 2).join(' '),
    start: async (how) => {
      const config = how === 'other key' ? otherKey(file) : `${file}.conf`
      const sshd = pathOf('sshd') ?? 'sshd'
      const words = [
        ...(network?.words ?? []),
        ...(own
          ? ['unshare', ...inOwnFolders(`${sshd} -D -e -f ${config}`)]
          : [sshd, '-D', '-e', '-f', config]),
      ]
      server = spawn(words[0] ?? '', words.slice(1), { stdio: 'ignore' })
      await waitFor(`${name} listens`, () => canConnect(address, port))
    },
    stop: async () => {
      const ended = server
      server = null
      if (ended === null || ended.exitCode !== null) return
      const gone = new Promise((resolve) => ended.once('exit', resolve))
      // `unshare` ignores SIGTERM; the namespace ends with it.
      ended.kill(own ? 'SIGKILL' : 'SIGTERM')
      await gone
    },
  }
}

const canConnect = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, address)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('data', () => socket.destroy())
  })

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
