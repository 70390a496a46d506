import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathOf } from './programs.ts'

/** A Docker Engine of a test, with a folder and a network of its own. */
export interface TestEngine {
  socket: string
  /** the id of an image with node and sh, and the users root and web (1234) */
  image: string
  /** runs the client of Docker; answers its output */
  docker(...args: string[]): string
  /** stops the daemon, and starts it again */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Starts an Engine, as root. With `keepsRunning`, containers outlive the daemon. */
export async function startEngine({ keepsRunning = false } = {}): Promise<TestEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'fl-engine-'))
  const socket = join(folder, 'docker.sock')
  const bridge = `fl${process.pid % 100_000}`
  const network = `10.${200 + (process.pid % 50)}.${Math.floor(process.pid / 50) % 250}.1/24`
  const run = (command: string, ...args: string[]) => execFileSync(command, args)
  run('ip', 'link', 'add', bridge, 'type', 'bridge')
  run('ip', 'addr', 'add', network, 'dev', bridge)
  run('ip', 'link', 'set', bridge, 'up')
  const docker = (...args: string[]): string =>
    execFileSync('docker', ['-H', `unix://${socket}`, ...args])
      .toString()
      .trim()
  const start = async () => {
    const daemon = spawn(
      pathOf('dockerd')!,
      [
        ...['--data-root', join(folder, 'root'), '--exec-root', join(folder, 'exec')],
        ...['--pidfile', join(folder, 'pid'), '-H', `unix://${socket}`, '--bridge', bridge],
        ...['--iptables=false', '--ip-masq=false', ...(keepsRunning ? ['--live-restore'] : [])],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let problem = ''
    daemon.stderr.on('data', (chunk: Buffer) => (problem = chunk.toString()))
    for (let tries = 0; tries < 150 && daemon.exitCode === null; tries += 1) {
      try {
        docker('version')
        return daemon
      } catch {
        await pause(100)
      }
    }
    throw new Error(`dockerd does not start: ${problem}`)
  }
  const end = async (daemon: Awaited<ReturnType<typeof start>>): Promise<void> => {
    const ended = once(daemon, 'exit')
    daemon.kill('SIGTERM')
    await ended
  }
  let daemon = await start()
  return {
    ...{ socket, docker, image: importImage(socket) },
    restart: async () => {
      await end(daemon)
      daemon = await start()
    },
    stop: async () => {
      const left = docker('ps', '-aq')
      if (left !== '') docker('rm', '-f', ...left.split('\n'))
      await end(daemon)
      run('ip', 'link', 'del', bridge)
      for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
        const place = line.split(' ')[1] ?? ''
        if (place.startsWith(folder)) run('umount', '-l', place)
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
      if (left !== '') throw new Error(`containers are left: ${left}`)
    },
  }
}

/** Makes an image of node and sh of this machine. */
function importImage(socket: string): string {
  const root = mkdtempSync(join(tmpdir(), 'fl-image-'))
  const programs = {
    '/bin/sh': '/bin/sh',
    '/bin/sleep': '/bin/sleep',
    '/bin/node': process.execPath,
  }
  const copy = (from: string, to: string): void => {
    mkdirSync(join(root, dirname(to)), { recursive: true })
    copyFileSync(from, join(root, to))
  }
  for (const [to, from] of Object.entries(programs)) {
    copy(from, to)
    const libraries = execFileSync('ldd', [from]).toString().match(/\/\S+/g) ?? []
    for (const library of libraries) copy(library, library)
  }
  mkdirSync(join(root, 'etc'))
  mkdirSync(join(root, 'tmp'))
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nweb:x:1234:1234::/:/bin/sh\n')
  const archive = `${root}.tar`
  execFileSync('tar', ['-C', root, '-cf', archive, '.'])
  const id = execFileSync('docker', ['-H', `unix://${socket}`, 'import', archive])
    .toString()
    .trim()
  rmSync(root, { recursive: true })
  rmSync(archive)
  return id
}

/** The lines of a log, in order. */
export const linesOf = (file: string): string[] =>
  readFileSync(file, 'utf8').split('\n').slice(0, -1)
