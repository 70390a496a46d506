import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import type { HostStatus } from '#contract/host/status.ts'
import { createHostClient } from './host-client.ts'
import type { Home } from '#platform/home.ts'
import { isolationVariables } from './isolation-policy.ts'
import { selfCommand } from '#platform/self.ts'

/**
 * Returns the status of the host of this installation, and starts a host when none runs. The host
 * outlives this process. Several processes may call this at the same time: each host takes a lock,
 * and a second one exits.
 */
export async function ensureHost(
  home: Home,
  env: Record<string, string | undefined>,
): Promise<HostStatus> {
  const client = createHostClient(home.hostSocket)
  try {
    const running = await client.status().catch(() => null)
    if (running) return running
    const child = spawnHost(home, env)
    for (let tries = 0; tries < 1000; tries += 1) {
      const status = await client.status().catch(() => null)
      if (status) return status
      // A second host exits with 0; the first one is about to answer.
      if (child.exitCode !== null && child.exitCode !== 0)
        throw new FairleadError('not_now', { why: await lastMessage(home) })
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new FairleadError('unavailable', {
      what: `The host (see ${join(home.log, 'host.log')})`,
    })
  } finally {
    client.close()
  }
}

/** Why a host ended: the last message of its log. */
async function lastMessage(home: Home): Promise<string> {
  const file = join(home.log, 'host.log')
  const line = (await readFile(file, 'utf8').catch(() => '')).trim().split('\n').at(-1) ?? ''
  try {
    return `The host ended: ${(JSON.parse(line) as { message: string }).message}`
  } catch {
    return `The host ended; see ${file}`
  }
}

function spawnHost(home: Home, env: Record<string, string | undefined>): ChildProcess {
  const log = openSync(join(home.log, 'host.log'), 'a', 0o600)
  const [command, ...args] = selfCommand('host')
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: {
      ...hostEnvironment(env),
      FAIRLEAD_HOME: home.root,
      FAIRLEAD_PORT: String(home.port),
      FAIRLEAD_EDGE_PORT: String(home.edgePort),
    },
  })
  closeSync(log)
  child.unref()
  return child
}

/** The settings of an administrator that the host reads. */
export const hostVariables = [
  'FAIRLEAD_ACME_AGREE',
  'FAIRLEAD_ACME_CA',
  'FAIRLEAD_ACME_EMAIL',
  'FAIRLEAD_ACME_URL',
  'FAIRLEAD_DISK_FLOOR_MB',
  'FAIRLEAD_DOCKER_SOCKET',
  'FAIRLEAD_EDGE_CERTIFICATES',
  'FAIRLEAD_EDGE_CONNECTIONS',
  'FAIRLEAD_EDGE_CONNECTIONS_PER_ADDRESS',
  'FAIRLEAD_EDGE_HTTPS_PORT',
  'FAIRLEAD_EDGE_LISTEN',
  'FAIRLEAD_EDGE_PROXIES',
  'FAIRLEAD_EDGE_PROXY_PROTOCOL',
  'FAIRLEAD_HOST_URL',
  'FAIRLEAD_METRICS_PORT',
  'FAIRLEAD_NTP',
  'FAIRLEAD_STATUS_HOST',
  'FAIRLEAD_STATUS_PORT',
  'FAIRLEAD_STATUS_URL',
  ...isolationVariables,
] as const

/** The variables of the host, without the database and the token, which it does not need. */
function hostEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  const docker = ['DOCKER_HOST', 'DOCKER_CONFIG']
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', ...docker, ...hostVariables]
  return Object.fromEntries(
    kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  )
}

/** Stops every service and the host, if one runs. */
export async function stopHost(home: Home): Promise<void> {
  const client = createHostClient(home.hostSocket)
  try {
    const status = await client.status().catch(() => null)
    if (!status) return
    await client.stopAll()
    process.kill(status.pid, 'SIGTERM')
    for (let tries = 0; tries < 500 && (await client.status().catch(() => null)); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 20))
  } finally {
    client.close()
  }
}
