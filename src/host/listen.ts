import { linkSync, readdirSync, renameSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { dirname, join } from 'node:path'
import { startTimeOf } from './processes.ts'

/**
 * Listens under a temporary name and renames it to the known one: closing a server unlinks the name
 * that it bound, which must not be the name that the next host has taken.
 */
export async function listenAt(server: Server, socket: string): Promise<() => void> {
  const folder = dirname(socket)
  for (const name of readdirSync(folder))
    if (/^host\.\d+\.sock$/.test(name) && !isAlive(name)) rmSync(join(folder, name))
  const own = join(folder, `host.${process.pid}.sock`)
  rmSync(own, { force: true })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(own, resolve))
  const claim = (): void => {
    linkSync(own, `${own}.draft`)
    renameSync(`${own}.draft`, socket)
  }
  claim()
  return claim
}

const isAlive = (name: string): boolean => startTimeOf(Number(name.split('.')[1])) !== null
