import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { pathOf } from './programs.ts'
import { waitFor } from './wait.ts'

/** An SSH server on a port of 127.0.0.1, as a machine. */
export interface SshMachine {
  name: string
  port: number
  /** its public key, for `host_key` */
  hostKey: string
  stop(): Promise<void>
  start(): Promise<void>
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

const makeKey = (file: string): void =>
  void execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file])

/** Starts one SSH server for each name, which accept one key. */
export async function startSshMachines(names: string[]): Promise<SshMachines> {
  const root = mkdtempSync(join(tmpdir(), 'fairlead-sshd-'))
  const folder = join(root, 'machines')
  mkdirSync(folder)
  makeKey(join(root, 'user'))
  mkdirSync('/run/sshd', { recursive: true })
  const machines = await Promise.all(names.map((name) => makeMachine(root, name)))
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
      rmSync(root, { recursive: true, force: true })
    },
  }
}

const knownHost = ({ port, hostKey }: SshMachine): string => `[127.0.0.1]:${port} ${hostKey}\n`

const configOf = (root: string, { name, port }: SshMachine): string =>
  [
    `Host ${name}\n  HostName 127.0.0.1\n  Port ${port}\n  User ${userInfo().username}`,
    `  IdentityFile ${join(root, 'user')}\n  IdentitiesOnly yes`,
    `  UserKnownHostsFile ${join(root, 'known_hosts')}\n`,
  ].join('\n')

async function makeMachine(root: string, name: string): Promise<SshMachine> {
  const file = join(root, name)
  makeKey(`${file}.key`)
  const port = await freePort()
  writeFileSync(
    `${file}.conf`,
    [
      ...[`Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${file}.key`, 'UsePAM no'],
      ...[`AuthorizedKeysFile ${join(root, 'user.pub')}`, 'StrictModes no', 'PidFile none'],
      ...['PermitRootLogin yes', 'PasswordAuthentication no', 'MaxStartups 100'],
      'Subsystem sftp internal-sftp',
    ].join('\n'),
  )
  let server: ChildProcess | null = null
  return {
    ...{ name, port },
    hostKey: readFileSync(`${file}.key.pub`, 'utf8').split(' ').slice(0, 2).join(' '),
    start: async () => {
      server = spawn(pathOf('sshd') ?? 'sshd', ['-D', '-e', '-f', `${file}.conf`], {
        stdio: 'ignore',
      })
      await waitFor(`${name} listens`, () => canConnect(port))
    },
    stop: async () => {
      const ended = server
      server = null
      if (ended === null || ended.exitCode !== null) return
      const gone = new Promise((resolve) => ended.once('exit', resolve))
      ended.kill('SIGTERM')
      await gone
    },
  }
}

const canConnect = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
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
