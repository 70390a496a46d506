import { spawn } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '#contract/client.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Connection } from '#cli/local.ts'
import { type Home, makeHome } from '#platform/home.ts'
import { selfCommand } from '#platform/self.ts'

export interface ServerFile {
  pid: number
  port: number
  url: string
  version: string
}

export async function readServerFile(home: Home): Promise<ServerFile | null> {
  try {
    return JSON.parse(await readFile(home.serverFile, 'utf8')) as ServerFile
  } catch {
    return null
  }
}

/** The running server of this installation, when it answers. */
export async function findServer(home: Home): Promise<Connection | null> {
  const file = await readServerFile(home)
  if (!file) return null
  const token = (await readFile(home.token, 'utf8').catch(() => '')).trim()
  const answers = await createClient({ base: file.url })
    .health({ signal: AbortSignal.timeout(3000) })
    .then(
      () => true,
      () => false,
    )
  return answers && token !== '' ? { url: file.url, token } : null
}

/** Starts a server that outlives this command; its output goes to the log folder. */
export async function startServer(
  home: Home,
  env: Record<string, string | undefined>,
): Promise<Connection> {
  makeHome(home)
  const logFile = join(home.log, 'server.log')
  const log = openSync(logFile, 'a', 0o600)
  const [command, ...args] = selfCommand('server', '--no-sample')
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...env } as NodeJS.ProcessEnv,
    cwd: '/',
  })
  closeSync(log)
  let ended = false
  child.once('exit', () => (ended = true))
  child.unref()
  for (let tries = 0; tries < 600 && !ended; tries += 1) {
    const connection = await findServer(home)
    if (connection) return connection
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const tail = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').at(-1) ?? ''
  throw new FairleadError('unavailable', {
    what: `The server that was started here (${tail || `see ${logFile}`})`,
  })
}

/** Stops the server and waits until it has exited. */
export async function stopServer(home: Home): Promise<void> {
  const file = await readServerFile(home)
  if (!file || !isAlive(file.pid)) return
  process.kill(file.pid, 'SIGTERM')
  for (let tries = 0; tries < 600 && isAlive(file.pid); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
