import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, realpathSync } from 'node:fs'
import { constants as constantsOfSystem, homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join, sep } from 'node:path'
import { promisify } from 'node:util'
import { machineVariables, stepPath } from './machine.ts'

/** What this machine has to keep a command from what is not its own. */
export interface Means {
  bwrap: string
  /** gives up root for a user of the app's own; null when the server is not root */
  setpriv: string | null
  prlimit: string
  /** users of steps cannot reach link-local addresses, at which clouds give out credentials */
  isLinkLocalClosed: boolean
}

/** What is the same for every command of this installation. */
export interface Place {
  /** folders that nobody sees: homes, and the installation itself */
  hidden: string[]
  /** paths below those, or elsewhere, that are shown as they are */
  readable: string[]
  writable: string[]
  /** processes of one user at most */
  processes: number
}

/** What one command may see. Paths are absolute. */
export interface Confined {
  /** whose user it runs as: `userOf` */
  user: number
  /** it ends with whoever started it */
  isBound: boolean
  cwd: string
  /** its workspace and its HOME */
  writable: string[]
  readable: string[]
  /** an empty folder that becomes its /tmp */
  tmp: string
  network: boolean
}

export type Isolation =
  | { kind: 'confined'; means: Means; place: Place }
  | { kind: 'none'; problem: string }

/** Numbers that Debian, systemd and their like give to nobody: https://systemd.io/UIDS-GIDS */
const users = { first: 60_578, last: 61_183 }

/**
 * As root the steps and the services of each app have a user of their own, the same each time, so
 * that their files stay theirs.
 */
export function userOf(app: string, kind: 'steps' | 'services'): number {
  const number = createHash('sha256')
    .update(kind === 'steps' ? app : `${app}/services`)
    .digest()
    .readUInt32BE(0)
  return users.first + (number % (users.last - users.first + 1))
}

/** What of /run a program may need; its sockets are not among it. */
const shownOfRun = [
  '/run/systemd/resolve',
  '/run/resolvconf',
  '/run/NetworkManager/resolv.conf',
  '/run/nscd',
]

/**
 * The words to put before a command: its own processes, a read-only file system without homes and
 * the installation, a /tmp of its own, and as root another user without any privilege. See
 * bwrap(1), setpriv(1), prlimit(1).
 */
export function confine(means: Means, place: Place, wish: Confined): string[] {
  const bind = (kind: string, paths: string[]): string[] =>
    paths.flatMap((path) => [kind, path, path])
  const user = String(wish.user)
  const [shown, writable] = [
    [...place.readable, ...wish.readable],
    [...place.writable, ...wish.writable],
  ]
  return [
    means.bwrap,
    ...(wish.isBound ? ['--die-with-parent'] : []),
    '--unshare-pid',
    '--unshare-ipc',
    ...(wish.network ? [] : ['--unshare-net']),
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...['--tmpfs', '/run', ...bind('--ro-bind-try', shownOfRun)],
    ...['--bind', wish.tmp, '/tmp', '--bind', wish.tmp, '/var/tmp'],
    ...place.hidden.flatMap((folder) => ['--tmpfs', folder]),
    ...between(place.hidden, [...shown, ...writable]).flatMap((folder) => ['--dir', folder]),
    ...bind('--ro-bind-try', shown),
    ...bind('--bind-try', writable),
    ...[...place.hidden, '/run'].flatMap((folder) => ['--remount-ro', folder]),
    ...['--chdir', wish.cwd, '--'],
    ...(means.setpriv === null
      ? []
      : [
          means.setpriv,
          ...['--reuid', user, '--regid', user, '--clear-groups', '--no-new-privs'],
          ...['--bounding-set=-all', '--inh-caps=-all', '--'],
        ]),
    ...[means.prlimit, `--nproc=${place.processes}`, '--core=0', '--'],
  ]
}

/**
 * The folders on the way from those that are hidden to those that are shown: left to bwrap, only
 * root could pass them.
 */
function between(hidden: string[], shown: string[]): string[] {
  const folders = shown.flatMap((path) => {
    const top = hidden.find((folder) => isBelow(path, folder) && path !== folder)
    if (top === undefined) return []
    const names = dirname(path).slice(top.length).split(sep).filter(Boolean)
    return names.map((_, index) => join(top, ...names.slice(0, index + 1)))
  })
  return [...new Set(folders)]
}

/** bwrap(1) tells of a command that a signal ended as shells do: by 128 and the signal's number. */
export function signalOf(exitCode: number | null): NodeJS.Signals | null {
  const found = Object.entries(constantsOfSystem.signals).find(
    ([, number]) => exitCode === 128 + number,
  )
  return (found?.[0] as NodeJS.Signals | undefined) ?? null
}

/**
 * Gives a folder, and all in it, to a user. No link is followed: what is in it may be hostile, the
 * folder itself must be ours.
 */
export async function chownTree(user: number, folder: string): Promise<void> {
  await promisify(execFile)('chown', ['-RhP', `${user}:${user}`, '--', folder])
}

/** What is in force, for people. */
export function describe(
  isolation: Isolation,
  { app, network }: { app: string | null; network: boolean },
): string {
  if (isolation.kind === 'none') return `none: ${isolation.problem}`
  const { means, place } = isolation
  const isClosed = !network || means.isLinkLocalClosed
  return [
    'bubblewrap',
    means.setpriv === null
      ? "the server's user, without its files and processes"
      : app === null
        ? 'a user for each app'
        : `user ${userOf(app, 'steps')}`,
    'read-only files',
    'a /tmp of its own',
    `at most ${place.processes} processes`,
    network ? (isClosed ? 'network without link-local addresses' : 'network') : 'no network',
  ].join(', ')
}

export interface IsolationOptions {
  env: Record<string, string | undefined>
  /** of the installation */
  root: string
  /** of the server's user */
  home: string
  isRoot: boolean
  /** the PATH of steps, and their variables of the machine */
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
 * What the operator may say: whether, which folders are shown after all, and how many processes a
 * user of steps may have.
 */
export const isolationVariables = [
  'FAIRLEAD_ISOLATION',
  'FAIRLEAD_ISOLATION_READ',
  'FAIRLEAD_ISOLATION_WRITE',
  'FAIRLEAD_ISOLATION_PROCESSES',
] as const

/**
 * FAIRLEAD_ISOLATION: `auto` takes what there is, `required` runs nothing without it, `off` runs
 * steps as the server's user.
 */
export type Wanted = 'auto' | 'required' | 'off'

/** Reads FAIRLEAD_ISOLATION; throws one sentence. */
export function wantedIsolation(env: Record<string, string | undefined>): Wanted {
  const wanted = env['FAIRLEAD_ISOLATION'] || 'auto'
  if (wanted === 'auto' || wanted === 'required' || wanted === 'off') return wanted
  throw new Error(`FAIRLEAD_ISOLATION is "${wanted}", but must be auto, required or off`)
}

/**
 * Looks for what this machine has, and tries it. Throws one sentence when isolation is required and
 * there is none.
 */
export async function findIsolation(options: IsolationOptions): Promise<Isolation> {
  const wanted = wantedIsolation(options.env)
  if (wanted === 'off') return { kind: 'none', problem: 'FAIRLEAD_ISOLATION is off' }
  const found = await look(options)
  if (found.kind === 'none' && wanted === 'required')
    throw new Error(`FAIRLEAD_ISOLATION is required, but ${found.problem}`)
  return found
}

async function look(options: IsolationOptions): Promise<Isolation> {
  if (process.platform !== 'linux')
    return { kind: 'none', problem: `there is none on ${process.platform}` }
  const path = `${options.env['PATH'] ?? ''}:/usr/bin:/bin:/usr/sbin:/sbin`
  const [bwrap, prlimit, setpriv] = ['bwrap', 'prlimit', 'setpriv'].map((name) =>
    findProgram(name, path),
  )
  if (!bwrap) return { kind: 'none', problem: 'bubblewrap is not installed' }
  if (!prlimit || (options.isRoot && !setpriv))
    return { kind: 'none', problem: 'util-linux is not installed' }
  const means = {
    bwrap,
    prlimit,
    setpriv: options.isRoot ? (setpriv ?? null) : null,
    isLinkLocalClosed: false,
  }
  const place = placeOf(options)
  const trial = {
    user: users.first,
    isBound: true,
    cwd: '/',
    writable: [],
    readable: [],
    tmp: '/tmp',
    network: false,
  }
  const [command = '', ...args] = confine(means, place, trial)
  try {
    await promisify(execFile)(command, [...args, 'true'], { timeout: 10_000, env: { PATH: path } })
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr ?? '')
      .trim()
      .split('\n')[0]
    return {
      kind: 'none',
      problem: `bubblewrap does not work here (${said || (error as Error).message})`,
    }
  }
  return {
    kind: 'confined',
    place,
    means: { ...means, isLinkLocalClosed: options.isRoot && (await closeLinkLocal(path)) },
  }
}

/**
 * Where clouds give out credentials: link-local addresses, and those of Amazon and Google by IPv6.
 */
const credentials = [
  ['-4', '169.254.0.0/16'],
  ['-6', 'fd00:ec2::/32'],
  ['-6', 'fd20:ce::/32'],
] as const
/**
 * All ports but that of DNS, which some clouds answer there, and the last, which the kernel does
 * not take in a range.
 */
const portsClosed = ['1-52', '54-65534']

/**
 * Rules of the kernel's routing for the users of steps: those addresses lead nowhere for them. See
 * ip-rule(8).
 */
async function closeLinkLocal(path: string): Promise<boolean> {
  const ip = findProgram('ip', path)
  if (!ip) return false
  const run = promisify(execFile)
  const range = `${users.first}-${users.last}`
  try {
    for (const [family, net] of credentials) {
      const { stdout } = await run(ip, [family, 'rule', 'show'], { timeout: 5000 })
      const known = stdout.split('\n').filter((line) => line.includes(net) && line.includes(range))
      for (const ports of portsClosed) {
        if (known.some((line) => line.includes(`dport ${ports} `))) continue
        const rule = ['to', net, 'uidrange', range, 'dport', ports, 'prohibit']
        // The host, which starts at the same time, may have been first.
        await run(ip, [family, 'rule', 'add', ...rule], { timeout: 5000 }).catch(
          (error: { stderr?: string }) => {
            if (!error.stderr?.includes('File exists')) throw error
          },
        )
      }
    }
    return true
  } catch {
    return false
  }
}

/**
 * What is hidden, and what of it programs need: their own folders on the PATH, and where the
 * machine's variables point.
 */
export function placeOf({
  env,
  root,
  home,
  path,
  machine,
}: Omit<IsolationOptions, 'isRoot'>): Place {
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

/** A mistake must not turn isolation off. */
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

function findProgram(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
