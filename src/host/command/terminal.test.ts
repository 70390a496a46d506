import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { HostCommand } from '#contract/job/host.ts'
import { systemPath } from '#platform/process/program.ts'
import { markedProcesses } from '../processes.ts'
import type { ReleasePlace } from '../release-command.ts'
import { Commands } from './commands.ts'
import { serveTerminals } from './serve-terminals.ts'

const id = `terminal-${process.pid}`
const place = { app: 'shop', environment: 'production', key: 'first' }
const terminal = { columns: 91, rows: 17, type: 'vt100' }
const wanted = (run: string): HostCommand => ({
  ...{ release: 7, service: null, run, timeout: 60_000, terminal },
})
let folder: string
let commands: Commands
let server: Server
let socketPath: string

/** A release whose service is not isolated. */
function placeOf(): ReleasePlace {
  const service = {
    ...{ name: 'web', run: 'true', port: false, instances: 1, directory: '.', env: {} },
    health: { path: null, timeout: 1000, interval: 1000 },
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
    ...{ folder, dataFolder: folder, configFolder: folder, tmpFolder: join(folder, 'unused') },
  }
}

const openCommands = (): Commands => {
  const opened = new Commands({
    ...{ folder: join(folder, 'commands'), id, placeOf },
    provide: async () => placeOf(),
    released: () => undefined,
  })
  opened.adopt()
  return opened
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-terminal-'))
  mkdirSync(join(folder, 'files'))
  commands = openCommands()
  socketPath = join(folder, 'socket')
  server = createServer()
  serveTerminals(server, commands, (response, error) =>
    response.writeHead(409).end((error as Error).message),
  )
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
})
afterEach(async () => {
  await commands.removeEnvironment('shop', 'production')
  server.close()
  expect(markedProcesses(`${id}/`)).toEqual([])
  rmSync(folder, { recursive: true })
})

/** A connection, and everything that it got. */
function connect(): { socket: WebSocket; text(): string; has(text: string): Promise<void> } {
  const { app, environment, key } = place
  const path = `/apps/${app}/environments/${environment}/commands/${key}/terminal`
  const socket = new WebSocket(`ws+unix://${socketPath}:${path}`)
  let text = ''
  socket.on('message', (data: Buffer) => (text += data.toString('utf8')))
  socket.on('error', (error) => (text += error.message))
  const has = (part: string) => expect.poll(() => text).toContain(part)
  return { socket, text: () => text, has }
}
const ended = () => expect.poll(() => commands.look(place).end, { timeout: 20_000, interval: 20 })

describe('a terminal', () => {
  test('has the size and the type of the client, echoes keys, and passes Ctrl-C on', async () => {
    const loop = "trap 'exit 7' INT; while :; do read x; stty size; done"
    commands.start(place, wanted(`stty size; echo "$TERM"; ${loop}`))
    const { socket, has, text } = connect()
    await has('17 91\r\nvt100')
    socket.send(JSON.stringify({ columns: 120, rows: 40 }))
    socket.send('{"columns": "wide"}')
    const sized = () => {
      socket.send(Buffer.from('\n'))
      return text()
    }
    await expect.poll(sized).toContain('40 120')
    socket.send(Buffer.from('keys\n'))
    await has('keys')
    // A shell misses a signal that comes directly before it reads.
    const interrupted = () => {
      socket.send(Buffer.from([3]))
      return commands.look(place).end
    }
    await expect
      .poll(interrupted, { timeout: 20_000, interval: 200 })
      .toMatchObject({ kind: 'exited', exit: 7 })
    await expect.poll(() => socket.readyState).toBe(WebSocket.CLOSED)
    expect(await commands.output(place, 0, 0)).toMatchObject({ lines: [], complete: true })
  })

  test('gets what a command wrote before the connection, and belongs to one', async () => {
    commands.start(place, wanted('echo early; exit 3'))
    await ended().toMatchObject({ exit: 3 })
    const first = connect()
    await first.has('early')
    await expect.poll(() => first.socket.readyState).toBe(WebSocket.CLOSED)
    await connect().has('Unexpected server response: 409')
  })

  test('ends its command, also a shell, when the client is gone', async () => {
    commands.start(place, wanted('exec sh -i'))
    const { socket, has } = connect()
    socket.on('open', () => socket.send(Buffer.from('echo $((6*7))\n')))
    await has('42')
    socket.terminate()
    await ended().toMatchObject({ kind: 'stopped', reason: 'its terminal was disconnected' })
  })

  test('ends its command when another host takes over', async () => {
    commands.start(place, wanted('exec sh -i'))
    const { socket, has } = connect()
    socket.on('open', () => socket.send(Buffer.from('echo $((6*7))\n')))
    await has('42')
    commands.freeze()
    commands = openCommands()
    await ended().toMatchObject({ kind: 'stopped', reason: 'its terminal was disconnected' })
  })
})
