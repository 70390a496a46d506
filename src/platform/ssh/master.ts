import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { FairleadError } from '#contract/errors.ts'
import {
  connectionError,
  optionsOf,
  programIn,
  SshRefused,
  type SshSettings,
  unattended,
} from './ssh.ts'

/** What a connection needs to know of a machine. */
export interface MasterOptions {
  settings: SshSettings
  destination: string
  /** the file with its public key, under the name `alias` */
  knownHosts: string
  alias: string
  /** the path of the socket that other clients share the connection by */
  control: string
  /** a Unix socket here, and the one there that it leads to */
  local: string
  remote: string
}

/** Milliseconds to connect, between two signs of life, and without one until it counts as dead. */
const connectMs = 30_000
const beatMs = 5000
const deadMs = 20_000

/** Options for the pinned key of a machine; nothing else is trusted for it. */
export const pinned = ({
  alias,
  knownHosts,
  control,
}: Pick<MasterOptions, 'alias' | 'knownHosts' | 'control'>): string[] => [
  ...unattended,
  ...[`UserKnownHostsFile=${knownHosts}`, 'GlobalKnownHostsFile=/dev/null'],
  ...[`HostKeyAlias=${alias}`, 'UpdateHostKeys=no', 'ForwardAgent=no', 'ForwardX11=no'],
  ...['RemoteCommand=none', 'RequestTTY=no', `ControlPath=${control}`],
]

/** One connection to a machine, which is not made again. */
export interface Master {
  /** resolves with why it ended */
  ended: Promise<Error>
  stop(): void
}

/**
 * Connects to a machine and forwards a Unix socket. The client runs `cat` there: what it echoes
 * proves that the whole way works, and its end of input closes the connection when this process
 * dies. Throws `unavailable`, or `SshRefused` when only a person can help.
 */
export async function connectMaster(options: MasterOptions): Promise<Master> {
  for (const socket of [options.local, options.control]) rmSync(socket, { force: true })
  const { settings, destination, local, remote } = options
  const child = spawn(
    programIn(settings.env, 'ssh'),
    [
      ...optionsOf(settings, [
        ...pinned(options),
        ...['ControlMaster=yes', 'ControlPersist=no', 'ExitOnForwardFailure=yes'],
        'StreamLocalBindUnlink=yes',
      ]),
      ...['-L', `${local}:${remote}`, '--', destination, 'exec cat'],
    ],
    { env: settings.env, stdio: 'pipe' },
  )
  const ended = endOf(child, destination)
  const echo = beat(child)
  const late = setTimeout(() => child.kill('SIGKILL'), connectMs)
  try {
    const first = await Promise.race([echo, ended])
    if (first !== undefined) throw first
  } finally {
    clearTimeout(late)
  }
  return { ended, stop: () => void child.kill('SIGKILL') }
}

function endOf(child: ChildProcess, destination: string): Promise<Error> {
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)))
  return new Promise((resolve) => {
    child.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(
        code === 'ENOENT'
          ? new SshRefused(destination, 'install the client of OpenSSH on this server')
          : new FairleadError('unavailable', { what: `The machine ${destination}` }),
      ),
    )
    child.once('close', () => resolve(connectionError(destination, stderr)))
  })
}

/** Resolves with the first echo, and ends the client when no more come. */
function beat(child: ChildProcess): Promise<undefined> {
  const { stdin, stdout } = child
  const token = `${randomBytes(12).toString('hex')}\n`
  let heard = performance.now()
  let text = ''
  stdin?.on('error', () => undefined)
  stdin?.write(token)
  let isOpen = false
  const timer = setInterval(() => {
    if (isOpen && performance.now() - heard > deadMs) child.kill('SIGKILL')
    else if (isOpen) stdin?.write('\n')
  }, beatMs)
  child.once('close', () => clearInterval(timer))
  return new Promise((resolve) => {
    stdout?.on('data', (chunk: Buffer) => {
      heard = performance.now()
      if (isOpen) return
      // A shell may print a greeting first.
      text = `${text}${chunk.toString()}`.slice(-4000)
      isOpen = text.includes(token)
      if (isOpen) resolve(undefined)
    })
  })
}
