import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import { findProgram } from '#platform/process/program.ts'
import { shellWord } from '#platform/process/shell-word.ts'

/** What a command printed, and how it ended. */
export interface SshResult {
  code: number
  stdout: string
  stderr: string
}

/** Seconds: to connect, between signs of the other machine, and for which a connection is kept. */
const limits = { connect: 10, alive: 5, aliveTimes: 3, idle: 20 }
const mostOutput = 16 * 2 ** 20

/** How the client of OpenSSH is called. */
export interface SshSettings {
  /** a file in place of the ssh_config of the user; null for that */
  config: string | null
  /** the variables of the client: `PATH`, `HOME`, the agent */
  env: Record<string, string>
}

/** The variables of a process that its SSH client gets. */
export const sshVariables = (env: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    ['PATH', 'HOME', 'USER', 'LANG', 'SSH_AUTH_SOCK'].flatMap((name) =>
      env[name] === undefined ? [] : [[name, env[name]]],
    ),
  )

let controlFolder: string | null = null

/** A folder with a short path, which the sockets of connections need. */
function controlPath(): string {
  if (controlFolder === null) {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-ssh-'))
    controlFolder = folder
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  }
  return join(controlFolder, '%C')
}

/**
 * Options of OpenSSH's client for a machine that nobody watches: it never asks, accepts only known
 * host keys, notices a connection that is dead, and uses one connection for commands that follow
 * each other. The rest is from the ssh_config.
 */
const sshOptions = (settings: SshSettings): string[] =>
  optionsOf(settings, [
    ...unattended,
    ...['ControlMaster=auto', `ControlPath=${controlPath()}`],
    `ControlPersist=${limits.idle}`,
  ])

/** It never asks, accepts only known host keys, and notices a connection that is dead. */
export const unattended: readonly string[] = [
  'BatchMode=yes',
  'StrictHostKeyChecking=yes',
  `ConnectTimeout=${limits.connect}`,
  `ServerAliveInterval=${limits.alive}`,
  `ServerAliveCountMax=${limits.aliveTimes}`,
]

/** The arguments of the client for its settings and some options of ssh_config. */
export const optionsOf = ({ config }: SshSettings, options: readonly string[]): string[] => [
  ...(config === null ? [] : ['-F', config]),
  ...options.flatMap((option) => ['-o', option]),
]

/**
 * Runs a script with `sh` on a machine; `$1` and so on are the arguments. Throws `unavailable` when
 * the machine does not answer, and `SshRefused` when it or its key is not accepted.
 */
export async function runOverSsh(
  settings: SshSettings,
  destination: string,
  script: string,
  { args = [], input = '' }: { args?: readonly string[]; input?: string } = {},
): Promise<SshResult> {
  const command = shellCommand(script, args)
  const result = await runProgram(
    settings,
    'ssh',
    [...sshOptions(settings), '--', destination, command],
    input,
  )
  if (result.code === 255) throw connectionError(destination, result.stderr)
  return result
}

/** The command for the shell of a user that runs a script with `sh`. */
export const shellCommand = (script: string, args: readonly string[]): string =>
  ['sh', '-c', script, 'sh', ...args].map(shellWord).join(' ')

/** Where the client of OpenSSH would connect to: the ssh_config says so, and nothing is asked. */
export async function connectionOf(
  settings: SshSettings,
  destination: string,
): Promise<{ address: string; port: number; user: string }> {
  const args = [...optionsOf(settings, []), '-G', '--', destination]
  const { stdout, stderr, code } = await runProgram(settings, 'ssh', args)
  if (code !== 0) throw connectionError(destination, stderr)
  const valueOf = (key: string): string =>
    stdout
      .split('\n')
      .find((line) => line.startsWith(`${key} `))
      ?.slice(key.length + 1) ?? ''
  return { address: valueOf('hostname'), port: Number(valueOf('port')), user: valueOf('user') }
}

/** Copies a folder to a machine with rsync, by the content of its files. */
export async function copyOverSsh(
  settings: SshSettings,
  folder: string,
  to: { destination: string; folder: string; same: string },
): Promise<SshResult> {
  const remote = ['ssh', ...sshOptions(settings)].join(' ')
  const result = await runProgram(settings, 'rsync', [
    ...['-rlp', '--checksum', '--delete', '--protect-args', '-e', remote],
    ...[`--link-dest=${to.same}`, '--', `${folder}/`, `${to.destination}:${to.folder}/`],
  ])
  if (result.code === 255 || result.code === 12 || result.code === 30)
    throw connectionError(to.destination, result.stderr)
  return result
}

/** SSH does not accept the machine or this user; a repetition does not help. */
export class SshRefused extends FairleadError {
  constructor(destination: string, reason: string) {
    super('not_now', { why: `SSH to ${destination} is refused: ${reason}` })
  }
}

/** Why the client could not connect, from what it wrote. */
export function connectionError(destination: string, stderr: string): FairleadError {
  const known = [
    [/host key verification failed/i, 'its host key is not the one in known_hosts'],
    [/permission denied \(/i, 'it does not accept the key of this server'],
    [/could not resolve hostname/i, 'its name has no address'],
  ] as const
  const found = known.find(([pattern]) => pattern.test(stderr))
  if (found) return new SshRefused(destination, found[1])
  return new FairleadError('unavailable', { what: `The machine ${destination}` })
}

/** The path of a program. Throws `SshRefused` when it is not installed. */
export function programIn(env: Record<string, string>, program: string): string {
  const found = findProgram(program, env['PATH'])
  if (found === undefined) throw new SshRefused(program, `install ${program} on this server`)
  return found
}

/** Runs a program of OpenSSH, or one that uses it. */
export function runProgram(
  { env }: SshSettings,
  program: string,
  args: string[],
  input = '',
): Promise<SshResult> {
  return new Promise((resolve) => {
    const child = execFile(
      programIn(env, program),
      args,
      { env, maxBuffer: mostOutput, encoding: 'utf8' },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255
        resolve({ code, stdout, stderr })
      },
    )
    // The other end may close its input before it has read all of it.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}
