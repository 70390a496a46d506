import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
  chmodSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { CommandResult, CommandSpec } from '#platform/process/command.ts'
import { type RunnerParts, runCommand } from './run-command.ts'
import { allPids, markerOf } from './tree.ts'

const root = mkdtempSync(join(tmpdir(), 'run-command-'))
let count = 0
let folder = ''
beforeEach(() => {
  count += 1
  folder = join(root, String(count))
  mkdirSync(folder)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

interface Line {
  n: number
  time: number
  stream: string
  text: string
}

const specOf = (command: string, options: Partial<CommandSpec> = {}): CommandSpec => ({
  id: '7/build/1',
  command,
  cwd: folder,
  env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
  timeoutMs: 60_000,
  logFile: join(folder, '1.jsonl'),
  masks: [],
  tools: [],
  ...options,
})

async function run(
  command: string,
  options: Partial<CommandSpec> = {},
  parts: Partial<RunnerParts> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<CommandResult & { log: Line[]; text: string[] }> {
  const spec = specOf(command, options)
  const result = await runCommand(spec, signal, parts)
  const log = readLines(spec.logFile)
  expect(log.map(({ n }) => n)).toEqual(log.map((_, i) => i + 1))
  expect(result.lines).toBe(log.length)
  return { ...result, log, text: log.map(({ text }) => text) }
}

function readLines(file: string): Line[] {
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

/** Processes that some command of this test left. */
const leftOvers = (): number[] => allPids().filter((pid) => markerOf(pid)?.includes(folder))
const pidIn = (file: string): number => Number(readFileSync(join(folder, file), 'utf8'))
async function appears(file: string): Promise<void> {
  while (!existsSync(join(folder, file)) || readFileSync(join(folder, file), 'utf8') === '')
    await new Promise((next) => setTimeout(next, 5))
}
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('the command', () => {
  test('runs as a script of sh -e, which stops at the first failing line', async () => {
    const result = await run('echo one\nfalse\necho two')
    expect(result).toMatchObject({ outcome: 'failed', exitCode: 1, reason: 'exited with 1' })
    expect(result.text).toEqual(['one', 'The command exited with 1.'])
  })

  test('gets exactly the given environment', async () => {
    const odd = {
      BRANCH: 'feature/$(touch pwned)`id`"\'; rm -rf x',
      MANY: 'a\nb',
      PATH: '/usr/bin:/bin',
    }
    const result = await run(
      'printf "%s|%s" "$BRANCH" "$MANY" > got; env -u PWD | cut -d= -f1 | LC_ALL=C sort',
      {
        env: odd,
      },
    )
    expect(readFileSync(join(folder, 'got'), 'utf8')).toBe(`${odd.BRANCH}|${odd.MANY}`)
    expect(existsSync(join(folder, 'pwned'))).toBe(false)
    const byTheShell = new Set(['_', 'OLDPWD', 'SHLVL'])
    expect(result.text.filter((name) => !byTheShell.has(name))).toEqual([
      'BRANCH',
      'FAIRLEAD_PROCESS',
      'MANY',
      'PATH',
      'b',
    ])
  })

  test('has empty input, and can open its output by name', async () => {
    const result = await run(
      'cat; echo by-name > /dev/stdout; echo err | tee /dev/stderr > /dev/null',
    )
    expect(result.outcome).toBe('passed')
    expect(result.log.map(({ stream, text }) => `${stream} ${text}`).sort()).toEqual([
      'err err',
      'out by-name',
    ])
  })

  test.each([
    ['exit 3', 3, 'exited with 3'],
    ['nosuchprogram', 127, 'exited with 127: a command was not found'],
    ['kill -KILL $$', null, 'was killed by SIGKILL (often because memory ran out)'],
    [
      'sh -c "kill -SEGV \\$\\$"',
      139,
      'exited with 139: its last command was killed by SIGSEGV (a bad memory access)',
    ],
  ])('%s', async (command, exitCode, reason) => {
    expect(await run(command)).toMatchObject({ outcome: 'failed', exitCode, reason })
  })

  test('that cannot start is broken', async () => {
    expect(await run('true', { cwd: join(folder, 'none') })).toMatchObject({
      outcome: 'broken',
      reason: `its folder ${folder}/none does not exist`,
    })
    expect(await run('true', { env: { BIG: 'x'.repeat(200_000) } })).toMatchObject({
      outcome: 'broken',
      reason: 'could not be started: its command and environment are too large for the system',
    })
  })

  test('needs its tools as programs on its own PATH', async () => {
    mkdirSync(join(folder, 'bin'))
    writeFileSync(join(folder, 'bin/tool'), '#!/bin/sh\n')
    const env = { PATH: `${folder}/bin:/usr/bin:/bin` }
    expect(await run('true', { tools: ['sh', 'tool'], env })).toMatchObject({
      outcome: 'failed',
      exitCode: null,
      reason: 'needs `tool`, which is not on the PATH',
    })
    chmodSync(join(folder, 'bin/tool'), 0o755)
    expect(await run('true', { tools: ['sh', 'tool', './bin/tool'], env })).toMatchObject({
      outcome: 'passed',
    })
    expect(await run('true', { tools: ['sh'], env: { PATH: '' }, cwd: '/' })).toMatchObject({
      outcome: 'failed',
    })
  })
})

const forkers = [
  ['in its group', 'sleep 1000 & echo $! > child'],
  [
    'in a session of its own',
    `setsid sh -c 'echo $$ > child; exec sleep 1000' & while [ ! -s child ]; do sleep 0.01; done`,
  ],
  ['after nohup and a double fork', "nohup sh -c 'sleep 1000 & echo $! > child' > /dev/null 2>&1"],
  [
    'in a session, deaf to SIGTERM, and with closed output',
    `setsid sh -c 'trap "" TERM; echo $$ > child; while :; do sleep 0.05; done' > /dev/null 2>&1 & while [ ! -s child ]; do sleep 0.01; done`,
  ],
] as const

describe('child processes', () => {
  test.each(forkers)('left behind %s are killed and reported', async (_how, command) => {
    const result = await run(command, {}, { graceMs: 200 })
    expect(result.outcome).toBe('passed')
    expect(isAlive(pidIn('child'))).toBe(false)
    expect(leftOvers()).toEqual([])
    expect(result.log.at(-1)).toMatchObject({
      stream: 'fairlead',
      text: expect.stringMatching(
        /^The command left \d process(es)? \(.+\) running; they were killed\.$/,
      ) as string,
    })
  })

  test.each(forkers)('%s are killed with a cancelled command', async (_how, command) => {
    const cancel = new AbortController()
    const running = run(
      `${command}\nsleep 0.2; echo ready > ready; sleep 1000`,
      {},
      { graceMs: 200 },
      cancel.signal,
    )
    await appears('ready')
    const child = pidIn('child')
    expect(isAlive(child)).toBe(true)
    cancel.abort()
    expect(await running).toMatchObject({
      outcome: 'cancelled',
      exitCode: null,
      reason: 'was cancelled',
    })
    expect(isAlive(child)).toBe(false)
    expect(leftOvers()).toEqual([])
  })

  test('of a command with the same id in another installation are not killed', async () => {
    const other = join(folder, 'other')
    mkdirSync(other)
    const cancel = new AbortController()
    const running = run('echo begun > begun; while [ ! -e go ]; do sleep 0.01; done')
    await appears('begun')
    const neighbour = runCommand(
      specOf('echo $$ > child; sleep 1000', { logFile: join(other, '1.jsonl') }),
      cancel.signal,
    )
    await appears('child')
    writeFileSync(join(folder, 'go'), '')
    const result = await running
    expect(result).toMatchObject({ outcome: 'passed', lines: 0 })
    expect(isAlive(pidIn('child'))).toBe(true)
    cancel.abort()
    await neighbour
  })
})

describe('time', () => {
  test('out terminates the whole process tree', async () => {
    const result = await run("trap 'echo bye; exit 0' TERM; sleep 1000 & wait", { timeoutMs: 300 })
    expect(result).toMatchObject({
      outcome: 'timed_out',
      reason: 'took longer than 300 ms and was stopped',
    })
    expect(result.text).toEqual(['bye', 'The command took longer than 300 ms and was stopped.'])
  })

  test('out kills a process that ignores SIGTERM', async () => {
    const result = await run(
      "trap '' TERM; echo deaf; while :; do sleep 0.05; done",
      { timeoutMs: 200 },
      { graceMs: 300 },
    )
    expect(result).toMatchObject({ outcome: 'timed_out', exitCode: null })
    expect(leftOvers()).toEqual([])
  })

  test('limits start nothing when the command is cancelled first', async () => {
    expect(await run('touch ran', {}, {}, AbortSignal.abort())).toMatchObject({
      outcome: 'cancelled',
    })
    expect(existsSync(join(folder, 'ran'))).toBe(false)
  })

  test('limits end an earlier attempt that is still running', async () => {
    // As a killed runner leaves it: the marker in its environment is all that tells.
    execFileSync(
      'sh',
      ['-c', 'setsid sh -c "echo \\$\\$ > old; exec sleep 1000" > /dev/null 2>&1 &'],
      {
        cwd: folder,
        env: { PATH: '/usr/bin:/bin', FAIRLEAD_PROCESS: `7/build/1 ${folder}` },
      },
    )
    await appears('old')
    const old = pidIn('old')
    expect(isAlive(old)).toBe(true)
    const result = await run(`test ! -e /proc/${old} || grep -q 'State:.Z' /proc/${old}/status`, {
      id: '7/build/2',
    })
    expect(result.outcome).toBe('passed')
    expect(isAlive(old)).toBe(false)
  })
})

describe('the log', () => {
  test('masks secrets in any chunks, and keeps colours and invalid text', async () => {
    writeFileSync(join(folder, 'binary'), Buffer.from([0xff, 0x00, 0x80, 0x0a, 0xc3, 0x0a]))
    writeFileSync(join(folder, 'key'), 'line-one\nline-two\n')
    const result = await run(
      String.raw`printf my-se; sleep 0.05; echo cret-1; printf my-secret-1 | base64; cat binary key; printf '\033[31mred\033[0m\n'`,
      { masks: ['my-secret-1', 'line-one\nline-two'] },
    )
    expect(result.text).toEqual([
      '***',
      '***',
      '\uFFFD\u0000\uFFFD',
      '\uFFFD',
      '***',
      '***',
      '\u001B[31mred\u001B[0m',
    ])
    expect(JSON.stringify(result)).not.toContain('my-secret-1')
  })

  test('shows a line before it ends, once, and a secret never', async () => {
    const running = runCommand(
      specOf('printf "Waiting my-sec"; while [ ! -e go ]; do sleep 0.01; done; echo "ret-1 done"', {
        masks: ['my-secret-1'],
      }),
      new AbortController().signal,
    )
    const log = join(folder, '1.jsonl')
    while (readLines(log).length === 0) await new Promise((next) => setTimeout(next, 20))
    expect(readLines(log)).toMatchObject([{ n: 1, stream: 'out', text: 'Waiting ', open: true }])
    writeFileSync(join(folder, 'go'), '')
    expect(await running).toMatchObject({ outcome: 'passed', lines: 1 })
    expect(readLines(log).slice(1)).toMatchObject([{ n: 1, text: '*** done' }])
    expect(readLines(log)[1]).not.toHaveProperty('open')
  })

  test('of carriage returns takes no more than the output', async () => {
    await run(`printf 'x%.0s' 1; printf '\\r%.0s' $(seq 30000)`)
    expect(readFileSync(join(folder, '1.jsonl')).length).toBeLessThan(500)
  })

  test('continues after the last whole line', async () => {
    await run('echo one; echo two')
    writeFileSync(
      join(folder, '1.jsonl'),
      `${readFileSync(join(folder, '1.jsonl'), 'utf8')}{"n":3,"time":1,"stre`,
    )
    const again = await run('echo three')
    expect(again.text).toEqual(['one', 'two', 'three'])
  })

  test('reports when it reaches its limit, and the command continues', async () => {
    const result = await run(
      'seq 1 20000; echo end > ended',
      {},
      { limits: { bytes: 10_000, delay: 5 } },
    )
    expect(result.outcome).toBe('passed')
    expect(existsSync(join(folder, 'ended'))).toBe(true)
    const said = result.log.filter(({ stream }) => stream === 'fairlead').map(({ text }) => text)
    expect(said[0]).toBe('The log has reached 9.8 KB; further lines are dropped.')
    const left = Number(/^(\d+) lines were dropped\.$/.exec(said[1] ?? '')?.[1])
    expect(left + result.log.length - 2).toBe(20_000)
  })

  test('breaks the command when it cannot be opened', async () => {
    const logFile = join(folder, 'none/1.jsonl')
    expect(
      await runCommand(specOf('touch ran', { logFile }), new AbortController().signal),
    ).toMatchObject({
      outcome: 'broken',
      reason: `could not be started: its log ${logFile} cannot be opened (ENOENT)`,
    })
    expect(existsSync(join(folder, 'ran'))).toBe(false)
  })

  test('fails the command when the disk refuses it', async () => {
    const result = await runCommand(
      specOf('yes', { logFile: '/dev/full' }),
      new AbortController().signal,
    )
    expect(result).toMatchObject({
      outcome: 'failed',
      reason: 'its log could not be written: no space is left on the disk',
    })
  })

  test('makes the command wait when it is slow, and loses nothing', async () => {
    // A pipe that nobody reads at first is a disk that is very slow.
    const logFile = join(folder, 'slow')
    execFileSync('mkfifo', [logFile])
    const running = runCommand(
      specOf('seq 1 300000; echo end > ended', { logFile }),
      new AbortController().signal,
    )
    await new Promise((later) => setTimeout(later, 400))
    expect(existsSync(join(folder, 'ended'))).toBe(false)
    const reader = spawn('sh', ['-c', 'exec cat "$0" > "$0.read"', logFile], { stdio: 'ignore' })
    const isRead = new Promise((done) => reader.once('exit', done))
    expect(await running).toMatchObject({ outcome: 'passed', lines: 300_000 })
    await isRead
    expect(readLines(`${logFile}.read`).length).toBe(300_000)
    expect(readLines(`${logFile}.read`).at(-1)).toMatchObject({ n: 300_000, text: '300000' })
  })

  test('of many megabytes is complete, in order, and needs little memory', async () => {
    const megabytes = Number(process.env['LOG_MEGABYTES'] ?? 12)
    const lines = Math.round((megabytes * 1024 * 1024) / 100)
    const before = process.memoryUsage().rss
    let most = before
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 10)
    const begin = performance.now()
    const spec = specOf(`seq -f '%099.0f' 1 ${lines}`, { masks: ['a-secret-that-is-nowhere'] })
    const result = await runCommand(spec, new AbortController().signal)
    clearInterval(watch)
    const seconds = (performance.now() - begin) / 1000
    console.log(
      `${megabytes} MB in ${seconds.toFixed(1)} s, ${((most - before) / 1e6).toFixed(0)} MB more memory`,
    )
    expect(result).toMatchObject({ outcome: 'passed', lines })
    expect(most - before).toBeLessThan(250_000_000)
    const log = readFileSync(spec.logFile, 'latin1')
    expect(log.length).toBeGreaterThan(megabytes * 1024 * 1024)
    expect(log.slice(log.lastIndexOf('"text"'))).toBe(
      `"text":"${String(lines).padStart(99, '0')}"}\n`,
    )
  })
})
