import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Where everything of an installation is: see ARCHITECTURE.md. */
export interface Home {
  root: string
  /** port of API and console */
  port: number
  /** port of the edge */
  edgePort: number
  postgres: string
  key: string
  token: string
  serverFile: string
  repositories: string
  runs: string
  artifacts: string
  host: string
  hostSocket: string
  log: string
}

/** Reads FAIRLEAD_HOME, FAIRLEAD_PORT and FAIRLEAD_EDGE_PORT; throws one sentence when a port is not one. */
export function homeFrom(env: Record<string, string | undefined>): Home {
  const root = resolve(env['FAIRLEAD_HOME'] || join(homedir(), '.fairlead'))
  const port = readPort(env, 'FAIRLEAD_PORT', 4400)
  return {
    root,
    port,
    edgePort: readPort(env, 'FAIRLEAD_EDGE_PORT', port + 80),
    postgres: join(root, 'postgres'),
    key: join(root, 'key'),
    token: join(root, 'token'),
    serverFile: join(root, 'server.json'),
    repositories: join(root, 'repositories'),
    runs: join(root, 'runs'),
    artifacts: join(root, 'artifacts'),
    host: join(root, 'host'),
    hostSocket: join(root, 'host', 'host.sock'),
    log: join(root, 'log'),
  }
}

/** Creates the folder, readable by its owner only. */
export function makeHome(home: Home): void {
  // A folder that is there keeps its mode: the embedded PostgreSQL may have opened it for its own group.
  mkdirSync(home.root, { recursive: true, mode: 0o700 })
  for (const folder of [home.repositories, home.runs, home.artifacts, home.host, home.log]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }
}

function readPort(env: Record<string, string | undefined>, name: string, fallback: number): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`${name} is "${text}", but must be a port from 1 to 65535`)
  return port
}
