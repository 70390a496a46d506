import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, statSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { bootId } from './boot-id.ts'

/** Every path of an installation; ARCHITECTURE.md describes them. */
export interface Home {
  root: string
  /** Port of the API and the console. */
  port: number
  /** Port of the edge. */
  edgePort: number
  /** Port of the edge with TLS; null for none. */
  edgeHttpsPort: number | null
  postgres: string
  key: string
  token: string
  serverFile: string
  /** How git connects over ssh and `git://`. */
  git: string
  repositories: string
  runs: string
  artifacts: string
  host: string
  hostSocket: string
  log: string
}

/**
 * Reads FAIRLEAD_HOME and the variables of the ports. Throws one sentence when a port is invalid.
 */
export function homeFrom(env: Record<string, string | undefined>): Home {
  const root = resolve(env['FAIRLEAD_HOME'] || join(homedir(), '.fairlead'))
  const port = readPort(env, 'FAIRLEAD_PORT', 4400)
  return {
    root,
    port,
    edgePort: readPort(env, 'FAIRLEAD_EDGE_PORT', port + 80),
    edgeHttpsPort: portSetting(env, 'FAIRLEAD_EDGE_HTTPS_PORT'),
    postgres: join(root, 'postgres'),
    key: join(root, 'key'),
    token: join(root, 'token'),
    serverFile: join(root, 'server.json'),
    git: join(root, 'git'),
    repositories: join(root, 'repositories'),
    runs: join(root, 'runs'),
    artifacts: join(root, 'artifacts'),
    host: join(root, 'host'),
    hostSocket: socketPath(join(root, 'host', 'host.sock')),
    log: join(root, 'log'),
  }
}

/**
 * The path of a Unix socket is limited to 107 bytes. A longer one moves to a private folder in
 * /tmp, named by a hash.
 */
function socketPath(wished: string): string {
  if (Buffer.byteLength(wished) <= 90) return wished
  const short = createHash('sha256').update(wished).digest('hex').slice(0, 16)
  return join('/tmp', `fairlead-${process.getuid?.() ?? 0}-${short}`, basename(wished))
}

/** Names the folder on this machine, also when it is a volume of several containers. */
export function homeId({ root }: Pick<Home, 'root'>): string {
  const { dev, ino } = statSync(root)
  return `${bootId() ?? hostname()} ${dev} ${ino}`
}

/** The folders of a run. After the run, the clean-up removes all of them except `log`. */
export interface RunFolders {
  /** The checkout in which the steps work. */
  workspace: string
  /** One /tmp per step. */
  tmp: string
  /** HOME for the steps of a pull request. */
  home: string
  /** One folder per step. */
  log: string
}

export function runFolders({ runs }: Pick<Home, 'runs'>, run: number): RunFolders {
  const folder = join(runs, String(run))
  return {
    workspace: join(folder, 'workspace'),
    tmp: join(folder, 'tmp'),
    home: join(folder, 'home'),
    log: join(folder, 'log'),
  }
}

/** Creates the folder with access for its owner only. */
export function makeHome(home: Home): void {
  // An existing folder keeps its mode: the embedded PostgreSQL may have granted its own group
  // access.
  mkdirSync(home.root, { recursive: true, mode: 0o700 })
  for (const folder of [home.repositories, home.runs, home.artifacts, home.host, home.log]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }
  makePrivate(dirname(home.hostSocket))
}

/** In a folder that everyone can write to, another user may have created it first. */
function makePrivate(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = lstatSync(folder)
  if (uid !== (process.getuid?.() ?? uid) || (mode & 0o022) !== 0)
    throw new Error(`The folder ${folder} belongs to another user; choose a shorter FAIRLEAD_HOME`)
}

const readPort = (
  env: Record<string, string | undefined>,
  name: string,
  fallback: number,
): number => portSetting(env, name) ?? fallback

/** The port in a variable; null without one. Throws one sentence for what is no port. */
export function portSetting(env: Record<string, string | undefined>, name: string): number | null {
  const text = env[name]?.trim() ?? ''
  if (text === '') return null
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`${name} is ${JSON.stringify(text)}, but must be a port from 1 to 65535`)
  return port
}
