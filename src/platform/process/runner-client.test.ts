import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CommandSpec } from './command.ts'
import { createLogger } from '#platform/log.ts'
import { startRunner } from './runner-client.ts'
import { selfCommand } from '#platform/self.ts'

const root = mkdtempSync(join(tmpdir(), 'runner-'))
const said: string[] = []
const log = createLogger((line) => said.push(line))
const never = new AbortController().signal
const children: ChildProcess[] = []
let count = 0
let folder = ''
let runner: Awaited<ReturnType<typeof startRunner>> | null = null

beforeEach(() => {
  count += 1
  folder = join(root, String(count))
  mkdirSync(folder)
})
afterEach(async (context) => {
  if (context.task.result?.state === 'fail') console.log(said.slice(-5).join(''))
  await runner?.close()
  runner = null
  for (const child of children.splice(0)) child.kill('SIGKILL')
  expect(marked()).toEqual([])
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const start = async (leaseMs = 60_000) => (runner = await startRunner({ log, leaseMs }))
const specOf = (command: string, options: Partial<CommandSpec> = {}): CommandSpec => ({
  id: '1/build/1',
  command,
  cwd: folder,
  env: { PATH: '/usr/bin:/bin' },
  timeoutMs: 60_000,
  logFile: join(folder, '1.jsonl'),
  masks: [],
  tools: [],
  ...options,
})
const sleepers = `setsid sh -c 'echo $$ > child; exec sleep 1000' & while [ ! -s child ]; do sleep 0.01; done; echo started; echo $$ > ready; sleep 1000`

/** Also when init has not noticed yet. */
const isGone = (pid: number): boolean =>
  !existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))

/** The commands of this test that live: all carry the folder of their log. */
function marked(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`FAIRLEAD_PROCESS=1/build/`) &&
          readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder)
        )
      } catch {
        return false
      }
    })
}
async function until(what: string, is: () => boolean): Promise<void> {
  const end = Date.now() + 20_000
  while (!is()) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise((next) => setTimeout(next, 5))
  }
}
const ready = () =>
  until(
    'the command is ready',
    () => existsSync(join(folder, 'ready')) && readFileSync(join(folder, 'ready'), 'utf8') !== '',
  )
/** The runner that the current test started: the parent of its command. */
function runnerPid(): number {
  const shell = Number(readFileSync(join(folder, 'ready'), 'utf8'))
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${shell}/status`, 'utf8'))?.[1])
}
const lines = (file = '1.jsonl'): string[] =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { text: string }).text)
/**
 * A line of a script that fails when the process in the file `child` lives; a dead one that nobody
 * waited for does not.
 */
const failWhenAlive = `if grep -q 'State:.[^Z]' /proc/$(cat child)/status 2> /dev/null; then exit 1; fi`

describe('commands', () => {
  test('run in parallel, without the environment of the server', async () => {
    const { run } = await start()
    process.env['SECRET_OF_THE_SERVER'] = 'hidden'
    const results = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        run(
          specOf(`echo ${name}; env; sleep 0.1`, {
            logFile: join(folder, `${name}.jsonl`),
            id: `1/build/${name}`,
          }),
          never,
        ),
      ),
    )
    const running = run(specOf('echo $$ > ready; while [ ! -e seen ]; do sleep 0.01; done'), never)
    await ready()
    expect(readFileSync(`/proc/${runnerPid()}/environ`, 'utf8')).not.toContain(
      'SECRET_OF_THE_SERVER',
    )
    writeFileSync(join(folder, 'seen'), '')
    await running
    delete process.env['SECRET_OF_THE_SERVER']
    expect(results.map(({ outcome }) => outcome)).toEqual(['passed', 'passed', 'passed'])
    for (const name of ['a', 'b', 'c']) {
      expect(lines(`${name}.jsonl`)[0]).toBe(name)
      expect(lines(`${name}.jsonl`).join()).not.toContain('SECRET_OF_THE_SERVER')
    }
  })

  test('are cancelled with all their processes', async () => {
    const { run } = await start()
    const cancel = new AbortController()
    const running = run(specOf(sleepers), cancel.signal)
    await ready()
    cancel.abort()
    expect(await running).toMatchObject({ outcome: 'cancelled', lines: 2 })
    expect(marked()).toEqual([])
    expect(await run(specOf('true'), AbortSignal.abort())).toMatchObject({ outcome: 'cancelled' })
  })

  test('end when the client is closed', async () => {
    const { run, close } = await start()
    const running = run(specOf(sleepers), never)
    await ready()
    await close()
    expect(await running).toMatchObject({ outcome: 'broken' })
    expect(marked()).toEqual([])
    expect(await run(specOf('true'), never)).toMatchObject({
      outcome: 'broken',
      reason: 'the runner is closed',
    })
  })
})

describe('death of a process', () => {
  test('of the runner breaks its commands, loses no line, and the next runner starts', async () => {
    const { run } = await start()
    const running = run(specOf(`for i in $(seq 500); do echo $i; done; ${sleepers}`), never)
    await ready()
    await until('the lines are written', () => lines().at(-1) === 'started')
    process.kill(runnerPid(), 'SIGKILL')
    expect(await running).toMatchObject({
      outcome: 'broken',
      reason: 'the runner died while it ran',
    })
    expect(lines().length).toBe(501)
    const again = await run(specOf(`${failWhenAlive}; echo again`, { id: '1/build/2' }), never)
    expect(again).toMatchObject({ outcome: 'passed', lines: 502 })
    await until('what was left is killed', () => marked().length === 0)
    expect(said.join('')).toContain('the runner ended and is restarted')
  })

  test('of the runner: leftover processes are killed even when no step is repeated', async () => {
    const { run } = await start()
    const running = run(specOf(sleepers), never)
    await ready()
    process.kill(runnerPid(), 'SIGKILL')
    await running
    await until('what was left is killed', () => marked().length === 0)
  })

  test('of the server: the runner kills all commands and exits', async () => {
    const { pid, server } = await serverWith(sleepers)
    server.kill('SIGKILL')
    await until('the commands are dead', () => marked().length === 0)
    await until('the runner is gone', () => isGone(pid))
  })

  test('of server and runner: the next attempt ends leftover processes', async () => {
    const { pid, server } = await serverWith(sleepers)
    // The runner first frozen, so that it cannot see the server die.
    process.kill(pid, 'SIGSTOP')
    server.kill('SIGKILL')
    process.kill(pid, 'SIGKILL')
    await until('the runner is gone', () => isGone(pid))
    expect(marked().length).toBeGreaterThan(1)
    const { run } = await start()
    expect(
      await run(specOf(`${failWhenAlive}; echo new`, { id: '1/build/2' }), never),
    ).toMatchObject({
      outcome: 'passed',
    })
    expect(marked()).toEqual([])
  })

  test('a frozen server: the lease expires and the commands are killed', async () => {
    const { pid, server } = await serverWith(sleepers)
    process.kill(server.pid ?? 0, 'SIGSTOP')
    await until('the commands are dead', () => marked().length === 0)
    await until(
      'the log says so',
      () => lines().at(-1)?.includes('the lease of the server expired') === true,
    )
    expect(existsSync(`/proc/${pid}`)).toBe(true)
    process.kill(server.pid ?? 0, 'SIGCONT')
    const result = join(folder, 'result')
    await until(
      'the server got the answer',
      () => existsSync(result) && readFileSync(result).length > 0,
    )
    expect(JSON.parse(readFileSync(result, 'utf8'))).toMatchObject({
      outcome: 'broken',
    })
    server.kill('SIGKILL')
  })

  /**
   * Another process that holds a runner with a short lease, which it prolongs as long as it moves.
   */
  async function serverWith(command: string): Promise<{ pid: number; server: ChildProcess }> {
    const client = fileURLToPath(new URL('runner-client.ts', import.meta.url))
    const code = `
      import { startRunner } from ${JSON.stringify(client)}
      import { writeFileSync } from 'node:fs'
      const log = { info() {}, warn() {}, error() {} }
      const runner = await startRunner({ log, leaseMs: 1500, command: ${JSON.stringify(selfCommand('runner'))} })
      setInterval(() => runner.lease(1500), 200)
      const result = await runner.run(${JSON.stringify(specOf(command))}, new AbortController().signal)
      writeFileSync(${JSON.stringify(join(folder, 'result'))}, JSON.stringify(result))`
    const server = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    children.push(server)
    await ready()
    return { pid: runnerPid(), server }
  }
})

test('renewing the lease keeps commands alive; an expired lease refuses new ones', async () => {
  const { run, lease } = await start(1000)
  const keep = setInterval(() => lease(1000), 100)
  expect(await run(specOf('sleep 2; echo lived'), never)).toMatchObject({ outcome: 'passed' })
  clearInterval(keep)
  let step = 2
  const next = (): string => `1/build/${step++}`
  await expect
    .poll(async () => (await run(specOf('echo no', { id: next() }), never)).outcome)
    .toBe('broken')
  lease(60_000)
  expect(await run(specOf('echo yes', { id: next() }), never)).toMatchObject({
    outcome: 'passed',
  })
})

test('a runner that cannot start is an error', async () => {
  await expect(startRunner({ log, leaseMs: 1000, command: ['/no/such/program'] })).rejects.toThrow(
    'the runner cannot be started',
  )
  await expect(
    startRunner({ log, leaseMs: 1000, command: ['sh', '-c', 'exit 3'] }),
  ).rejects.toThrow('the runner cannot be started: exit code 3')
})

test('Ctrl-C in the terminal of the server does not reach the runner', async () => {
  const { run } = await start()
  const running = run(specOf('echo $$ > ready; while [ ! -e seen ]; do sleep 0.01; done'), never)
  await ready()
  const session = execFileSync('ps', ['-o', 'sid=', '-p', String(runnerPid())], {
    encoding: 'utf8',
  }).trim()
  expect(Number(session)).toBe(runnerPid())
  writeFileSync(join(folder, 'seen'), '')
  expect(await running).toMatchObject({ outcome: 'passed' })
})
