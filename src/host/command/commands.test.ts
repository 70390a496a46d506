import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HostCommand } from '#contract/job/host.ts'
import { systemPath } from '#platform/process/program.ts'
import { endStrays, markedProcesses } from '../processes.ts'
import type { ReleasePlace } from '../release-command.ts'
import { Commands } from './commands.ts'
import { readPage } from './output-page.ts'

let folder: string
let commands: Commands
let released: string[]
const id = `test-${process.pid}`
const place = { app: 'shop', environment: 'production', key: 'first' }
const wanted = (run: string, timeout = 60_000): HostCommand => ({
  ...{ release: 7, service: null, run, timeout },
})

/** A release whose service is not isolated. */
function placeOf(): ReleasePlace {
  const service = {
    ...{ name: 'web', run: 'true', port: false, instances: 1, directory: '.' },
    health: { path: null, timeout: 1000, interval: 1000 },
    ...{ env: { LEVEL: 'debug', TOKEN: 'hush-hush' }, secrets: ['TOKEN'] },
    stop: { signal: 'SIGTERM', grace: 1000 },
  }
  const release = {
    ...{ app: 'shop', environment: 'production', release: 7, artifact: 'sha256:a', layout: '' },
    ...{ fence: { deployment: 1, epoch: 1 }, services: [service], env: {} },
    route: { port: null, host: '' },
  }
  const isolation = { kind: 'none', problem: 'for the test' } as const
  const machine = { id, path: systemPath, isolation } as unknown as ReleasePlace['machine']
  return {
    ...{ release, service, machine, isolation, path: systemPath, logFiles: [] },
    ...{ folder: join(folder, 'files'), dataFolder: folder, configFolder: folder },
    tmpFolder: join(folder, 'unused'),
  }
}

const openCommands = (): Commands => {
  const opened = new Commands({
    ...{ folder: join(folder, 'commands'), id, placeOf },
    provide: async () => placeOf(),
    released: ({ key }) => released.push(key),
  })
  opened.adopt()
  return opened
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-commands-'))
  mkdirSync(join(folder, 'files'))
  released = []
  commands = openCommands()
})
afterEach(async () => {
  await commands.removeEnvironment('shop', 'production')
  expect(markedProcesses(`${id}/`)).toEqual([])
  rmSync(folder, { recursive: true })
})

const ended = (at = place) =>
  expect.poll(() => commands.look(at).end, { timeout: 20_000, interval: 20 })
const outputOf = async (at = place): Promise<string[]> => (await commands.output(at, 0, 0)).lines

describe('a command', () => {
  test('gets the variables of the service, and its output is kept without secrets', async () => {
    commands.start(place, wanted('echo "$LEVEL $TOKEN $FAIRLEAD_RELEASE"; echo bad >&2; exit 3'))
    await ended().toMatchObject({ kind: 'exited', exit: 3, reason: 'it exited with 3' })
    const lines = await outputOf()
    expect(lines[0]).toMatch(/^debug \S+ 7$/)
    expect(lines[0]).not.toContain('hush')
    expect(lines[1]).toBe('bad')
    expect(await commands.output(place, 0, 0)).toMatchObject({ complete: true, skipped: 0 })
  })

  test('runs once, however often it is requested', async () => {
    const file = join(folder, 'count')
    const command = wanted(`echo one >>${file}`)
    for (let i = 0; i < 3; i += 1) commands.start(place, command)
    await ended().toMatchObject({ exit: 0 })
    commands.start(place, command)
    commands.freeze()
    commands = openCommands()
    expect(commands.start(place, command).end).toMatchObject({ exit: 0 })
    expect(readFileSync(file, 'utf8')).toBe('one\n')
  })

  test('is stopped with what it started when it runs too long', async () => {
    commands.start(place, wanted('sleep 1000 & sleep 1000', 50))
    const reason = 'it ran for more than 0.05 s'
    await ended().toMatchObject({ kind: 'timed_out', exit: null, reason })
    expect(markedProcesses(`${id}/`)).toEqual([])
  })

  test('is stopped on request, and one that never started cannot start later', async () => {
    commands.start(place, wanted('sleep 1000'))
    commands.stop(place)
    await ended().toMatchObject({ kind: 'stopped' })
    const other = { ...place, key: 'other' }
    expect(commands.stop(other).end).toMatchObject({ kind: 'stopped' })
    expect(commands.start(other, wanted('true')).end).toMatchObject({ kind: 'stopped' })
  })

  test('ends what it left in the background', async () => {
    commands.start(place, wanted('sleep 1000 & exit 0'))
    await ended().toMatchObject({ exit: 0 })
    expect(markedProcesses(`${id}/`)).toEqual([])
  })

  test('uses the files of its release until the last one has ended', async () => {
    const go = join(folder, 'go')
    commands.start(place, wanted(`while [ ! -e ${go} ]; do sleep 0.02; done`))
    commands.start({ ...place, key: 'second' }, wanted('true'))
    await ended({ ...place, key: 'second' }).toMatchObject({ exit: 0 })
    expect(commands.useRelease('shop', 'production', 7)).toBe(true)
    expect(commands.useRelease('shop', 'production', 8)).toBe(false)
    expect(commands.use('sha256:a')).toBe(true)
    expect(released).toEqual([])
    writeFileSync(go, '')
    await ended().toMatchObject({ exit: 0 })
    expect(released).toEqual(['first'])
    expect(commands.useRelease('shop', 'production', 7)).toBe(false)
    commands.freeze()
    // A host that died after the end of a command may not have deleted the files.
    commands = openCommands()
    expect(released).toHaveLength(2)
  })

  test('reports why it was killed', async () => {
    commands.start(place, wanted('kill -9 $$'))
    await ended().toMatchObject({ kind: 'exited', reason: 'it was killed by SIGKILL' })
  })
})

describe('a host that takes over', () => {
  test('finds the command, its output and its exit code', async () => {
    const go = join(folder, 'go')
    commands.start(place, wanted(`echo one; while [ ! -e ${go} ]; do sleep 0.02; done; exit 4`))
    commands.freeze()
    commands = openCommands()
    expect(commands.look(place).end).toBeNull()
    writeFileSync(go, '')
    await ended().toMatchObject({ kind: 'exited', exit: 4 })
    expect(await outputOf()).toEqual(['one'])
  })

  test('finds the exit code of a command that ended while no host ran', async () => {
    commands.start(place, wanted('exit 5'))
    commands.freeze()
    await expect.poll(() => markedProcesses(`${id}/`)).toEqual([])
    commands = openCommands()
    await ended().toMatchObject({ kind: 'exited', exit: 5 })
  })

  test('limits the time of the command', async () => {
    commands.start(place, wanted('sleep 1000', 300))
    commands.freeze()
    commands = openCommands()
    await ended().toMatchObject({ kind: 'timed_out' })
  })

  test('does not start a command again whose process is gone', async () => {
    const record = join(folder, 'commands/shop/production/first/state.json')
    commands.start(place, wanted('sleep 1000'))
    commands.freeze()
    const text = readFileSync(record, 'utf8')
    const [{ pid }] = [JSON.parse(text) as { pid: number }]
    // A shell that is about to fork would leave a child.
    await expect.poll(() => endStrays(`${id}/`, new Set())).toEqual([])
    expect(pid).toBeGreaterThan(0)
    commands = openCommands()
    expect(commands.start(place, wanted('true'))).toMatchObject({ release: 7 })
    await ended().toMatchObject({ kind: 'lost', exit: null })
  })

  test('finds a process that the former host had no time to record', async () => {
    const file = join(folder, 'commands/shop/production/first/state.json')
    commands.start(place, wanted('sleep 0.2; exit 6'))
    commands.freeze()
    const saved = JSON.parse(readFileSync(file, 'utf8')) as object
    writeFileSync(file, JSON.stringify({ ...saved, pid: null, startTime: null }))
    commands = openCommands()
    expect(commands.look(place).end).toBeNull()
    await ended().toMatchObject({ kind: 'exited', exit: 6 })
  })

  test('counts a damaged record as lost', () => {
    commands.freeze()
    mkdirSync(join(folder, 'commands/shop/production/first'), { recursive: true })
    writeFileSync(join(folder, 'commands/shop/production/first/state.json'), '{')
    commands = openCommands()
    expect(commands.start(place, wanted('true')).end).toMatchObject({ kind: 'lost' })
  })
})

describe('a page of output', () => {
  const page = (content: string | Buffer, after = 0, isEnded = false) => {
    const file = join(folder, 'output')
    writeFileSync(file, content)
    return readPage(file, after, isEnded)
  }

  test('has whole lines, and the rest at the end', () => {
    expect(page('one\ntwo\nthr')).toMatchObject({ lines: ['one', 'two'], next: 8 })
    expect(page('one\ntwo\nthr', 8)).toMatchObject({ lines: [], next: 8, complete: false })
    expect(page('one\ntwo\nthr', 8, true)).toMatchObject({ lines: ['thr'], complete: true })
    expect(page('one\n\ntwo\n', 0, true)).toMatchObject({ lines: ['one', '', 'two'] })
    expect(page('', 0, true)).toMatchObject({ lines: [], complete: true })
  })

  test('cuts a line that is too long, and skips what was deleted', () => {
    const long = page('x'.repeat(300_000))
    expect(long.lines[0]).toHaveLength(262_144)
    const holed = Buffer.concat([Buffer.alloc(100), Buffer.from('half\nwhole\n')])
    expect(page(holed)).toMatchObject({ lines: ['whole'], skipped: 105, next: 111 })
    const large = Buffer.concat([Buffer.alloc(5_000_000), Buffer.from('half\nwhole\n')])
    expect(page(large, 7)).toMatchObject({ lines: ['whole'], skipped: 4_999_998, next: 5_000_011 })
  })
})
