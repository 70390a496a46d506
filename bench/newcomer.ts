import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClient } from '../src/contract/client.ts'
import { freePorts } from '../test/support/ports.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const ownApp = {
  'server.js': `require('node:http')
  .createServer((request, response) => response.end('hello'))
  .listen(process.env.PORT)
`,
  'package.json': '{"name": "hello", "version": "1.0.0", "scripts": {"start": "node server.js"}}',
}

/**
 * What a newcomer waits for, step by step and cold: an empty npm cache, no build, no database. The
 * clone is from this repository on this machine; `npm ci` downloads from the registry.
 */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-newcomer-'))
  const clone = join(folder, 'fairlead')
  const port = await freePorts()
  const env = {
    ...process.env,
    FAIRLEAD_HOME: join(folder, 'home'),
    FAIRLEAD_PORT: String(port),
    FAIRLEAD_EDGE_PORT: String(port + 1),
    npm_config_cache: join(folder, 'cache'),
  }
  const steps: [string, number][] = []
  const begun = performance.now()
  const reached = (name: string): void =>
    void steps.push([name, (performance.now() - begun) / 1000])
  const run = (cwd: string, command: string, ...args: string[]): void =>
    void execFileSync(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] })
  run(folder, 'git', 'clone', '--quiet', `file://${root}`, clone)
  reached('git clone')
  run(clone, 'npm', 'ci')
  reached('npm ci')
  const server = spawn('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const link = lineWith(server.stdout, '/sign-in?code=').then(() => reached('sign-in link'))
    const base = `http://127.0.0.1:${port}`
    await until(() => createClient({ base }).health())
    reached('npm start: first answer')
    const token = readFileSync(join(env.FAIRLEAD_HOME, 'token'), 'utf8').trim()
    const client = createClient({ base, token })
    const sample = until(async () => {
      const { state, reason } = await client.getRun({ params: { run: 1 } })
      if (state === 'failed') throw new Error(`The sample failed: ${reason ?? ''}`)
      if (state !== 'succeeded') throw new Error('not yet')
    }).then(() => reached('sample in production'))
    await Promise.all([link, sample])
    const own = join(folder, 'hello')
    mkdirSync(own)
    for (const [name, text] of Object.entries(ownApp)) writeFileSync(join(own, name), text)
    run(own, 'git', 'init', '--quiet', '--initial-branch=main')
    const fairlead = join(clone, 'bin/fairlead')
    run(own, fairlead, 'init')
    run(own, 'git', 'add', '--all')
    const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
    run(own, 'git', ...author, 'commit', '--quiet', '--message', 'Begin')
    reached('own app: init and commit')
    run(own, fairlead, 'up')
    reached('own app: in production')
    print(steps)
  } finally {
    execFileSync(join(clone, 'bin/fairlead'), ['stop', '--host'], { env, stdio: 'ignore' })
    if (server.exitCode === null) {
      server.kill()
      await once(server, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

async function lineWith(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  for await (const line of createInterface({ input: stream })) if (line.includes(text)) return
}

/** Repeats an action until it succeeds, for at most two minutes. */
async function until(act: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + 120_000
  for (;;)
    try {
      await act()
      return
    } catch (error) {
      if (performance.now() > end) throw error
      await sleep(20)
    }
}

function print(steps: [string, number][]): void {
  let before = 0
  console.log(`${'step'.padEnd(28)}${'takes'.padStart(8)}${'after'.padStart(10)}`)
  for (const [name, after] of steps.toSorted((a, b) => a[1] - b[1])) {
    const takes = `${(after - before).toFixed(1)} s`
    console.log(`${name.padEnd(28)}${takes.padStart(8)}${`${after.toFixed(1)} s`.padStart(10)}`)
    before = after
  }
}
