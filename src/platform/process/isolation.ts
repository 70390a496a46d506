import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { constants as constantsOfSystem, tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { filterDescriptor, startApp } from './app-command.ts'
import {
  isBelow,
  isolationMode,
  type IsolationOptions,
  type IsolationPolicy,
  policyOf,
} from './isolation-policy.ts'
import { closeMetadata } from './metadata-routes.ts'
import { findProgram, helperEnvironment, programOf, systemPath } from './program.ts'

/** The isolation tools of this machine. */
export interface IsolationTools {
  bwrap: string
  /** Drops root for a user of the app; null when the server is not root. */
  setpriv: string | null
  prlimit: string
  /** Makes the kernel end steps before other processes when memory runs out. */
  choom: string | null
  /** Users of steps have no route to the metadata services of clouds. */
  isMetadataClosed: boolean
}

/** Files to mount over /etc/passwd and /etc/group. */
export interface AccountFiles {
  passwd: string
  group: string
}

/** How a command is started isolated. */
export interface Confinement {
  /** The programs that isolate it, as one command line; empty for none. */
  helpers: string[]
  /** See `AppCommand`. */
  filter: string | null
}

export const unconfined: Confinement = { helpers: [], filter: null }

/** Access of one command. Paths are absolute. */
export interface ConfinementRequest {
  /** The user that runs it: see `userOf`. */
  user: number
  /** The command ends with its parent. */
  isBound: boolean
  cwd: string
  /** Its workspace and its HOME. */
  writable: string[]
  readable: string[]
  /** An empty folder, mounted as /tmp. */
  tmp: string
  /** Describes the user in the files of the system; null leaves them as they are. */
  account: AccountFiles | null
  network: boolean
  /** Files and folders that are read at another path than their own. */
  mounted?: { source: string; path: string }[]
}

export type Isolation =
  | { kind: 'confined'; tools: IsolationTools; policy: IsolationPolicy }
  | { kind: 'none'; problem: string }

/** User ids that Debian and systemd leave unassigned: https://systemd.io/UIDS-GIDS */
const users = { first: 60_578, last: 61_183 }

/**
 * As root, the steps and the services of each app run as their own user, which never changes, so
 * that they keep access to their files.
 */
export function userOf(app: string, kind: 'steps' | 'services'): number {
  const number = createHash('sha256')
    .update(kind === 'steps' ? app : `${app}/services`)
    .digest()
    .readUInt32BE(0)
  return users.first + (number % (users.last - users.first + 1))
}

/**
 * Paths in /run that programs may need; none of them are sockets of services. The one of nscd would
 * answer with the users of the machine.
 */
const shownOfRun = ['/run/systemd/resolve', '/run/resolvconf', '/run/NetworkManager/resolv.conf']

/**
 * Returns how to start the command: private processes, a read-only file system without homes and
 * the installation, a private /tmp, a filter of system calls, and as root an unprivileged user. See
 * bwrap(1), setpriv(1), prlimit(1), choom(1).
 */
export function confine(
  tools: IsolationTools,
  policy: IsolationPolicy,
  request: ConfinementRequest,
): Confinement {
  const bind = (kind: string, paths: string[]): string[] =>
    paths.flatMap((path) => [kind, path, path])
  const user = String(request.user)
  const [shown, writable] = [
    [...policy.readable, ...request.readable],
    [...policy.writable, ...request.writable],
  ]
  const mounted = request.mounted ?? []
  const helpers = [
    ...(request.isBound && tools.choom !== null ? [tools.choom, '-n', '500', '--'] : []),
    tools.bwrap,
    ...(request.isBound ? ['--die-with-parent'] : []),
    '--unshare-pid',
    '--unshare-ipc',
    ...(request.network ? [] : ['--unshare-net']),
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...['--tmpfs', '/run', ...bind('--ro-bind-try', shownOfRun)],
    ...['/tmp', '/var/tmp', '/dev/shm'].flatMap((folder) => ['--bind', request.tmp, folder]),
    ...policy.hidden.flatMap((folder) => ['--tmpfs', folder]),
    ...between(
      [...policy.hidden, '/tmp'],
      [...shown, ...writable, ...mounted.map(({ path }) => path)],
    ).flatMap((folder) => ['--dir', folder]),
    ...bind('--ro-bind-try', shown),
    ...bind('--bind-try', writable),
    ...(request.account === null ? [] : over(request.account)),
    ...mounted.flatMap(({ source, path }) => ['--ro-bind', source, path]),
    ...[...policy.hidden, '/run'].flatMap((folder) => ['--remount-ro', folder]),
    ...(policy.filter === null ? [] : ['--seccomp', String(filterDescriptor)]),
    ...['--chdir', request.cwd, '--'],
    ...(tools.setpriv === null
      ? []
      : [
          tools.setpriv,
          ...['--reuid', user, '--regid', user, '--clear-groups', '--no-new-privs'],
          ...['--bounding-set=-all', '--inh-caps=-all', '--'],
        ]),
    ...[tools.prlimit, `--nproc=${policy.processes}`, '--core=0', '--'],
  ]
  return { helpers, filter: policy.filter }
}

const over = ({ passwd, group }: AccountFiles): string[] => [
  ...['--ro-bind', passwd, '/etc/passwd', '--ro-bind', group, '/etc/group'],
]

/** Returns the folders between hidden and visible paths. bwrap would create them for root only. */
function between(hidden: string[], shown: string[]): string[] {
  const folders = shown.flatMap((path) => {
    const top = hidden.find((folder) => isBelow(path, folder) && path !== folder)
    if (top === undefined) return []
    const names = dirname(path).slice(top.length).split(sep).filter(Boolean)
    return names.map((_, index) => join(top, ...names.slice(0, index + 1)))
  })
  return [...new Set(folders)]
}

/** bwrap(1) reports a signal as shells do: 128 plus its number. */
export function signalOf(exitCode: number | null): NodeJS.Signals | null {
  const found = Object.entries(constantsOfSystem.signals).find(
    ([, number]) => exitCode === 128 + number,
  )
  return (found?.[0] as NodeJS.Signals | undefined) ?? null
}

/**
 * Changes the owner of a folder and its content. Links are not followed, because the content is
 * untrusted; the folder itself must be ours.
 */
export async function chownTree(user: number, folder: string): Promise<void> {
  await promisify(execFile)(programOf('chown'), ['-RhP', `${user}:${user}`, '--', folder], {
    env: helperEnvironment(),
  })
}

/** Describes the active isolation for users. */
export function describe(
  isolation: Isolation,
  { app, network }: { app: string | null; network: boolean },
): string {
  if (isolation.kind === 'none') return `none: ${isolation.problem}`
  const { tools, policy } = isolation
  const isClosed = !network || tools.isMetadataClosed
  return [
    'bubblewrap',
    tools.setpriv === null
      ? "the server's user, without its files and processes"
      : app === null
        ? 'one user per app'
        : `user ${userOf(app, 'steps')}`,
    'read-only files',
    'a private /tmp',
    `at most ${policy.processes} processes`,
    `${policy.memory} MB of memory`,
    `${policy.disk} MB of files`,
    policy.filter === null ? 'all system calls' : 'filtered system calls',
    network ? (isClosed ? 'network without metadata services' : 'network') : 'no network',
  ].join(', ')
}

/**
 * Finds and tests the isolation tools. Throws one sentence when isolation is required and
 * unavailable.
 */
export async function findIsolation(options: IsolationOptions): Promise<Isolation> {
  const mode = isolationMode(options.env)
  if (mode === 'off') return { kind: 'none', problem: 'FAIRLEAD_ISOLATION is off' }
  const found = await detect(options)
  if (found.kind === 'none' && mode === 'required')
    throw new Error(`FAIRLEAD_ISOLATION is required, but ${found.problem}`)
  return found
}

async function detect(options: IsolationOptions): Promise<Isolation> {
  if (process.platform !== 'linux')
    return { kind: 'none', problem: `isolation is not available on ${process.platform}` }
  const path = `${options.env['PATH'] ?? ''}:${systemPath}`
  const [bwrap, prlimit, setpriv, choom] = ['bwrap', 'prlimit', 'setpriv', 'choom'].map((name) =>
    findProgram(name, path),
  )
  if (!bwrap) return { kind: 'none', problem: 'bubblewrap is not installed' }
  if (!prlimit || (options.isRoot && !setpriv))
    return { kind: 'none', problem: 'util-linux is not installed' }
  const tools = {
    bwrap,
    prlimit,
    choom: choom ?? null,
    setpriv: options.isRoot ? (setpriv ?? null) : null,
    isMetadataClosed: false,
  }
  const policy = policyOf(options)
  const problem = await tryOut(tools, policy)
  const withoutFilter = { ...policy, filter: null }
  // A kernel without seccomp still isolates everything else.
  const isFilterMissing =
    problem !== null && policy.filter !== null && (await tryOut(tools, withoutFilter)) === null
  if (problem !== null && !isFilterMissing)
    return { kind: 'none', problem: `bubblewrap does not work here (${problem})` }
  const isMetadataClosed = options.isRoot && (await closeMetadata(findProgram('ip', path), users))
  return {
    kind: 'confined',
    policy: isFilterMissing ? withoutFilter : policy,
    tools: { ...tools, isMetadataClosed },
  }
}

/** Runs a command that does nothing. Returns why it failed, or null. */
async function tryOut(tools: IsolationTools, policy: IsolationPolicy): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-isolation-'))
  try {
    const child = startApp({
      ...confine(tools, policy, {
        ...{ user: users.first, isBound: true, cwd: '/', writable: [], readable: [] },
        ...{ tmp: folder, account: null, network: false },
      }),
      command: ['/bin/sh', '-c', ':'],
      env: {},
      marker: {},
      cwd: '/',
      output: ['ignore', 'pipe'],
    })
    const killer = setTimeout(() => child.kill('SIGKILL'), 10_000)
    const exited = new Promise<number | null>((done, fail) => {
      child.once('error', fail).once('exit', done)
    })
    const [code, output] = await Promise.all([exited, child.stderr ? text(child.stderr) : ''])
    clearTimeout(killer)
    return code === 0 ? null : output.trim().split('\n')[0] || `exit code ${code}`
  } catch (error) {
    return (error as Error).message
  } finally {
    await rmdir(folder).catch(() => undefined)
  }
}
