import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { constants as constantsOfSystem, homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join, sep } from 'node:path'
import { promisify } from 'node:util'
import type { AccountFiles } from './account.ts'
import { machineVariables, stepPath } from './machine.ts'
import { closeMetadata } from './metadata-routes.ts'
import { findProgram, helperEnvironment, programOf, systemPath } from './program.ts'

/** The isolation tools of this machine. */
export interface IsolationTools {
  bwrap: string
  /** Drops root for a user of the app; null when the server is not root. */
  setpriv: string | null
  prlimit: string
  /** Users of steps have no route to the metadata services of clouds. */
  isMetadataClosed: boolean
}

/** Settings shared by every command of this installation. */
export interface IsolationPolicy {
  /** Hidden folders: homes and the installation itself. */
  hidden: string[]
  /** Readable paths, also below hidden folders. */
  readable: string[]
  writable: string[]
  /** Limit of processes per user. */
  processes: number
}

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
 * Returns the command prefix: private processes, a read-only file system without homes and the
 * installation, a private /tmp, and as root an unprivileged user. See bwrap(1), setpriv(1),
 * prlimit(1).
 */
export function confine(
  tools: IsolationTools,
  policy: IsolationPolicy,
  request: ConfinementRequest,
): string[] {
  const bind = (kind: string, paths: string[]): string[] =>
    paths.flatMap((path) => [kind, path, path])
  const user = String(request.user)
  const [shown, writable] = [
    [...policy.readable, ...request.readable],
    [...policy.writable, ...request.writable],
  ]
  return [
    tools.bwrap,
    ...(request.isBound ? ['--die-with-parent'] : []),
    '--unshare-pid',
    '--unshare-ipc',
    ...(request.network ? [] : ['--unshare-net']),
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...['--tmpfs', '/run', ...bind('--ro-bind-try', shownOfRun)],
    ...['--bind', request.tmp, '/tmp', '--bind', request.tmp, '/var/tmp'],
    ...policy.hidden.flatMap((folder) => ['--tmpfs', folder]),
    ...between([...policy.hidden, '/tmp'], [...shown, ...writable]).flatMap((folder) => [
      '--dir',
      folder,
    ]),
    ...bind('--ro-bind-try', shown),
    ...bind('--bind-try', writable),
    ...(request.account === null ? [] : over(request.account)),
    ...[...policy.hidden, '/run'].flatMap((folder) => ['--remount-ro', folder]),
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
    network ? (isClosed ? 'network without metadata services' : 'network') : 'no network',
  ].join(', ')
}

export interface IsolationOptions {
  env: Record<string, string | undefined>
  /** The folder of the installation. */
  root: string
  /** The home of the server's user. */
  home: string
  isRoot: boolean
  /** The PATH and the machine's variables for steps. */
  path: string
  machine: Record<string, string>
}

export const isolationOptions = (
  root: string,
  env: Record<string, string | undefined>,
): IsolationOptions => ({
  env,
  root,
  home: homedir(),
  isRoot: process.getuid?.() === 0,
  path: stepPath(env),
  machine: machineVariables(env),
})

/**
 * Variables with which the operator configures isolation, visible folders, and the process limit.
 */
export const isolationVariables = [
  'FAIRLEAD_ISOLATION',
  'FAIRLEAD_ISOLATION_READ',
  'FAIRLEAD_ISOLATION_WRITE',
  'FAIRLEAD_ISOLATION_PROCESSES',
] as const

/**
 * FAIRLEAD_ISOLATION: `auto` uses what is available, `required` refuses to run without isolation,
 * `off` runs steps as the server's user.
 */
export type IsolationMode = 'auto' | 'required' | 'off'

/** Reads FAIRLEAD_ISOLATION. Throws one sentence when it is invalid. */
export function isolationMode(env: Record<string, string | undefined>): IsolationMode {
  const mode = env['FAIRLEAD_ISOLATION'] || 'auto'
  if (mode === 'auto' || mode === 'required' || mode === 'off') return mode
  throw new Error(`FAIRLEAD_ISOLATION is "${mode}", but must be auto, required or off`)
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
  const [bwrap, prlimit, setpriv] = ['bwrap', 'prlimit', 'setpriv'].map((name) =>
    findProgram(name, path),
  )
  if (!bwrap) return { kind: 'none', problem: 'bubblewrap is not installed' }
  if (!prlimit || (options.isRoot && !setpriv))
    return { kind: 'none', problem: 'util-linux is not installed' }
  const tools = {
    bwrap,
    prlimit,
    setpriv: options.isRoot ? (setpriv ?? null) : null,
    isMetadataClosed: false,
  }
  const policy = policyOf(options)
  const trial = {
    user: users.first,
    isBound: true,
    cwd: '/',
    writable: [],
    readable: [],
    tmp: '/tmp',
    account: null,
    network: false,
  }
  const [command = '', ...args] = confine(tools, policy, trial)
  try {
    await promisify(execFile)(command, [...args, '/bin/sh', '-c', ':'], {
      timeout: 10_000,
      env: helperEnvironment(),
    })
  } catch (error) {
    const output = String((error as { stderr?: string }).stderr ?? '')
      .trim()
      .split('\n')[0]
    return {
      kind: 'none',
      problem: `bubblewrap does not work here (${output || (error as Error).message})`,
    }
  }
  return {
    kind: 'confined',
    policy,
    tools: {
      ...tools,
      isMetadataClosed: options.isRoot && (await closeMetadata(findProgram('ip', path), users)),
    },
  }
}

/**
 * Returns the hidden folders, and the parts of them that programs need: folders on the PATH, and
 * the targets of the machine's variables.
 */
export function policyOf({
  env,
  root,
  home,
  path,
  machine,
}: Omit<IsolationOptions, 'isRoot'>): IsolationPolicy {
  const folders = ['/root', '/home', home, root]
    .filter((folder) => folder !== '/' && existsSync(folder))
    .map(realPath)
  const hidden = folders.filter(
    (folder, index) =>
      folders.indexOf(folder) === index &&
      !folders.some((other) => other !== folder && isBelow(folder, other)),
  )
  const isHidden = (one: string): boolean => hidden.some((folder) => isBelow(one, folder))
  const holdsHidden = (one: string): boolean =>
    [home, root].some((folder) => isBelow(realPath(folder), one))
  const tools = path.split(delimiter).flatMap((folder) => {
    if (!isAbsolute(folder) || !isHidden(folder)) return []
    const top =
      folder.endsWith(`${sep}bin`) && !holdsHidden(dirname(folder)) ? dirname(folder) : folder
    return holdsHidden(top) ? [] : [top]
  })
  const variables = Object.values(machine).filter(
    (value) => isAbsolute(value) && isHidden(value) && !holdsHidden(value),
  )
  const listed = (name: string): string[] => (env[name] ?? '').split(':').filter(isAbsolute)
  return {
    hidden,
    readable: [...tools, ...variables, ...listed('FAIRLEAD_ISOLATION_READ')],
    writable: listed('FAIRLEAD_ISOLATION_WRITE'),
    processes: processesOf(env['FAIRLEAD_ISOLATION_PROCESSES']),
  }
}

/** A typing error must not disable isolation. */
function processesOf(text: string | undefined): number {
  if (!text) return 4096
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new Error(
    `FAIRLEAD_ISOLATION_PROCESSES is "${text}", but must be a number of processes such as 4096`,
  )
}

const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}${sep}`)

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
