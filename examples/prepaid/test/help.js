import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A folder that is gone when the test ends. */
export function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'prepaid-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

export const hasRedis = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** A real Redis server that is gone when the test ends. */
export async function startRedis(t, ...options) {
  const port = await freePort()
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', temporaryFolder(t), '--repl-diskless-sync-delay', '0', ...options], { stdio: 'ignore' })
  t.after(() => new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  }))
  return { url: `redis://127.0.0.1:${port}`, port }
}

export async function eventually(what, look) {
  for (let i = 0; i < 400; i += 1) {
    const found = await Promise.resolve().then(look).catch(() => null)
    if (found) return found
    await sleep(25)
  }
  throw new Error(`waited in vain: ${what}`)
}
