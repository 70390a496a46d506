import { spawn } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keepOutput, readKeptOutput } from './kept-output.ts'
import { takeLock } from './lock.ts'
import { explainOutput, lastLines, rotate, sizeOf, trim } from './log-file.ts'
import { Ports } from './port.ts'
import { familyOf, holdsSocket, isRunning, listenersOf, startTimeOf } from './processes.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-files-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('log files', () => {
  test('a log is trimmed while it is written, without loss of later lines', async () => {
    const file = join(folder, 'busy.log')
    const fd = openSync(file, 'a')
    for (let i = 0; i < 60_000; i += 1) writeSync(fd, `line ${i} ${'.'.repeat(80)}\n`)
    const before = statSync(file).blocks
    const trimming = trim(file, 1024 * 1024)
    for (let i = 60_000; i < 61_000; i += 1) writeSync(fd, `line ${i} ${'.'.repeat(80)}\n`)
    await trimming
    writeSync(fd, 'the last\n')
    closeSync(fd)
    expect(statSync(file).blocks).toBeLessThan(before / 4)
    const lines = lastLines(file, 100_000)
    expect(lines.at(-1)).toBe('the last')
    const numbers = lines.slice(0, -1).map((line) => Number(/^line (\d+) \.{80}$/.exec(line)?.[1]))
    expect(numbers.at(-1)).toBe(60_999)
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i))
    expect(numbers.length).toBeGreaterThan(2000)
    expect(lastLines(file, 1_000_000, { bytes: 10_000_000 })[0]).toMatch(/^line \d+ \.{80}$/)
  })

  test('a long log is rotated at a start', () => {
    const file = join(folder, 'long.log')
    rotate(file)
    writeFileSync(file, 'short\n')
    rotate(file)
    expect(readFileSync(file, 'utf8')).toBe('short\n')
    writeFileSync(file, Buffer.alloc(10 * 1024 * 1024, 'x'))
    rotate(file)
    expect(existsSync(file)).toBe(false)
    expect(statSync(`${file}.1`).size).toBe(10 * 1024 * 1024)
  })

  test('the first error of a process, or the end of its output, fits in one line', () => {
    const file = join(folder, 'words.log')
    expect(explainOutput(file, { env: {} })).toBe('')
    writeFileSync(file, 'first\n\nError: no database\n   at x\n\nNode.js v26.1.0\n')
    const from = sizeOf(file)
    expect(explainOutput(file, { env: {} })).toBe('; its first error: Error: no database')
    appendFileSync(file, 'one\n\n two\nthree\nkey 1234567890')
    expect(lastLines(file, 2)).toEqual(['three', 'key 1234567890'])
    const service = { env: { KEY: '1234567890' }, secrets: ['KEY'] }
    expect(explainOutput(file, service, from)).toBe('; its output ends with: two / three / key ***')
    truncateSync(file, 6)
    expect(explainOutput(file, service, from)).toBe('; its output ends with: first')
  })
})

describe('the output of removed releases', () => {
  const lines = (text: string) => [{ service: 'web', index: 0, text }]
  const files = () => readdirSync(join(folder, 'output')).toSorted()

  test('is kept for the newest ones, and forgotten after its time', () => {
    const kept = join(folder, 'output')
    expect(readKeptOutput(kept, 1)).toBeNull()
    for (let release = 1; release <= 12; release += 1)
      keepOutput(kept, release, lines(`release ${release}`), Date.now())
    expect(files().length).toBe(10)
    expect(readKeptOutput(kept, 2)).toBeNull()
    expect(readKeptOutput(kept, 12)).toEqual(lines('release 12'))
    expect(statSync(join(kept, '12.json')).mode & 0o777).toBe(0o600)
    keepOutput(kept, 13, [], Date.now())
    expect(readKeptOutput(kept, 13)).toBeNull()
    keepOutput(kept, 14, lines('much later'), Date.now() + 31 * 86_400_000)
    expect(files()).toEqual(['14.json'])
  })
})

describe('the lock of the host', () => {
  const mine = `${process.pid} ${startTimeOf(process.pid)}`

  test('is held once, and can be acquired again after its release', () => {
    const file = join(folder, 'lock')
    const lock = takeLock(file, false)
    expect(readFileSync(file, 'utf8')).toBe(mine)
    expect(takeLock(file, false)).toBeNull()
    lock?.free()
    expect(existsSync(file)).toBe(false)
  })

  test.each([
    ['a process that is gone', '999999999 1'],
    ['a pid that is used again', `${process.pid} 1`],
    ['nothing', ''],
  ])('of %s is taken over', (_name, text) => {
    const file = join(folder, 'stale')
    writeFileSync(file, text)
    const lock = takeLock(file, false)
    expect(readFileSync(file, 'utf8')).toBe(mine)
    lock?.free()
    expect(readdirSync(folder).filter((name) => name.startsWith('stale'))).toEqual([])
  })

  test('is handed over, and its former holder does not release it', () => {
    const file = join(folder, 'handed')
    const before = takeLock(file, false)
    writeFileSync(file, '1 1')
    before?.free()
    expect(readFileSync(file, 'utf8')).toBe('1 1')
    expect(takeLock(file, true)).not.toBeNull()
    expect(readFileSync(file, 'utf8')).toBe(mine)
  })
})

describe('ports', () => {
  test('are free, distinct, and reused when possible', async () => {
    const ports = new Ports(Math.random)
    const given = await Promise.all(Array.from({ length: 50 }, () => ports.assign(null)))
    expect(new Set(given).size).toBe(50)
    ports.release(given[0] ?? null)
    expect(await ports.assign(given[0] ?? null)).toBe(given[0])
    expect(await ports.assign(given[1] ?? null)).not.toBe(given[1])
  })

  test('are not assigned when another process listens on them', async () => {
    const taken = await new Ports(Math.random).assign(null)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(taken, '127.0.0.1', resolve))
    expect((server.address() as AddressInfo).port).toBe(taken)
    expect((await listenersOf([process.pid])).map((one) => one.port)).toContain(taken)
    expect(holdsSocket(process.pid)).toBe(true)
    expect(await new Ports(Math.random).assign(taken)).not.toBe(taken)
    await new Promise((resolve) => server.close(resolve))
  })
})

test('finds a process by its start time, and its family by group, marker and parent', async () => {
  const marker = `test/${process.pid}`
  const child = spawn(
    'sh',
    ['-c', 'setsid sleep 100 & env -i setsid sleep 100 & sleep 100 & wait'],
    {
      detached: true,
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], FAIRLEAD_PROCESS: marker },
    },
  )
  const pid = child.pid ?? 0
  const startTime = startTimeOf(pid)
  expect(isRunning(pid, startTime)).toBe(true)
  expect(isRunning(pid, '1')).toBe(false)
  const members = (): number[] => familyOf({ pid, startTime, marker })
  while (members().length < 4) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(members()).toHaveLength(4)
  expect(holdsSocket(pid)).toBe(false)
  expect(members()).not.toContain(process.pid)
  // Another process has the pid by now: only the marker tells what is ours.
  expect(familyOf({ pid, startTime: '1', marker: null })).toEqual([])
  for (const member of members()) process.kill(member, 'SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  while (members().length > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(startTimeOf(pid)).toBeNull()
})
