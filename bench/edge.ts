import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { certificateFor } from '../test/support/certificate.ts'
import { freePorts } from '../test/support/ports.ts'
import { waitFor } from '../test/support/wait.ts'
import { median } from './measure.ts'

const execute = promisify(execFile)
const rounds = 3
const seconds = 5
const ticksASecond = Number(execFileSync('getconf', ['CLK_TCK']))

export interface Contender {
  name: string
  port: number
  process: ChildProcess
  isSecure?: boolean
  runs: { requests: number; p50: number; p99: number; cpu: number }[]
}

/**
 * Requests a second and latency of no proxy, our edge and HAProxy, each with one thread on one
 * core; the load and the service that answers 1 KB are on another. The edge and HAProxy are also
 * measured with TLS 1.3 and the same certificate. They take turns. Processor time for each request
 * is compared as well, because it does not depend on what else the machine does.
 */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-'))
  const port = await freePorts()
  const children: ChildProcess[] = []
  const start = (core: number, command: string, ...args: string[]): ChildProcess => {
    const pinned =
      has('taskset') && cpus().length > 1
        ? ['taskset', '-c', String(core), command, ...args]
        : [command, ...args]
    const child = spawn(pinned[0]!, pinned.slice(1), { stdio: ['ignore', 'ignore', 'inherit'] })
    children.push(child)
    return child
  }
  const file = (name: string): string => new URL(name, import.meta.url).pathname
  try {
    const contenders: Contender[] = []
    const add = (name: string, at: number, child: ChildProcess): void =>
      void contenders.push({ name, port: at, process: child, runs: [] })
    add(
      'no proxy',
      port,
      has('haproxy')
        ? start(1, 'haproxy', '-db', '-f', staticService(folder, port))
        : start(1, process.execPath, file('edge-service.ts'), String(port)),
    )
    const plain = proxy(folder, `bind 127.0.0.1:${port + 80}`, port, 'proxy')
    if (has('haproxy')) add('HAProxy', port + 80, start(0, 'haproxy', '-db', '-f', plain))
    add(
      'edge',
      port + 81,
      start(0, process.execPath, file('edge-server.ts'), String(port + 81), String(port)),
    )
    add(
      'edge, thorough path',
      port + 82,
      start(
        0,
        process.execPath,
        file('edge-server.ts'),
        String(port + 82),
        String(port),
        'thorough',
      ),
    )
    if (has('wrk')) {
      const pem = certificate(folder)
      const add = (name: string, at: number, child: ChildProcess): void =>
        void contenders.push({ name, port: at, process: child, isSecure: true, runs: [] })
      if (has('haproxy')) {
        const bind = `bind 127.0.0.1:${port + 83} ssl crt ${pem}`
        const file = proxy(folder, bind, port, 'secure')
        add('HAProxy, TLS', port + 83, start(0, 'haproxy', '-db', '-f', file))
      }
      const args = [String(port + 85), String(port), 'quick', String(port + 84), pem]
      add('edge, TLS', port + 84, start(0, process.execPath, file('edge-server.ts'), ...args))
    }
    for (const contender of contenders)
      await waitFor(`${contender.name} answers`, () =>
        contender.isSecure ? accepts(contender.port) : answers(contender.port),
      )
    for (const contender of contenders) await measure(contender, 32, 2) // warm up
    for (const contender of contenders) contender.runs.length = 0
    for (let i = 0; i < rounds; i += 1)
      for (const contender of contenders) await measure(contender, 32, seconds)
    report(contenders, '32 connections, as fast as it goes')
    for (const contender of contenders) contender.runs.length = 0
    for (let i = 0; i < rounds; i += 1)
      for (const contender of contenders) await measure(contender, 2, 3)
    report(contenders, '2 connections')
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

function report(contenders: Contender[], title: string): void {
  const of = (contender: Contender, key: 'requests' | 'p50' | 'p99' | 'cpu'): number =>
    median(contender.runs.map((one) => one[key]))
  const rivalOf = ({ isSecure }: Contender): Contender | undefined =>
    contenders.find(({ name }) => name === (isSecure ? 'HAProxy, TLS' : 'HAProxy'))
  const rival = contenders.find(({ name }) => name === 'HAProxy')
  console.log(`1 KB answers, ${title}, median of ${rounds} rounds`)
  for (const contender of contenders) {
    const rival = rivalOf(contender)
    const requests = of(contender, 'requests')
    const ratio = rival ? `${(requests / of(rival, 'requests')).toFixed(2)} of ${rival.name}` : ''
    const cpu = `${of(contender, 'cpu').toFixed(1)} µs of processor${rival ? ` (HAProxy / this: ${(of(rival, 'cpu') / of(contender, 'cpu')).toFixed(2)})` : ''}`
    console.log(
      `  ${contender.name.padEnd(20)} ${requests.toFixed(0).padStart(6)}/s  ${ratio.padEnd(16)} p50 ${of(contender, 'p50').toFixed(2)} ms  p99 ${of(contender, 'p99').toFixed(2)} ms  ${cpu}`,
    )
  }
  if (!rival) console.log('  HAProxy              not measured: it is not installed')
}

export async function measure(
  contender: Contender,
  connections: number,
  time: number,
): Promise<void> {
  const before = processorTime(contender.process.pid!)
  const result = has('wrk')
    ? await wrk(contender, connections, time)
    : await autocannon(contender.port, connections, time)
  const cpu = ((processorTime(contender.process.pid!) - before) / ticksASecond) * 1e6
  contender.runs.push({ ...result, cpu: cpu / (result.requests * time) })
}

interface Result {
  requests: number
  p50: number
  p99: number
}

async function wrk(
  { port, isSecure = false }: Contender,
  connections: number,
  time: number,
): Promise<Result> {
  const args = [
    '-t1',
    `-c${connections}`,
    `-d${time}`,
    '--latency',
    '-H',
    'Host: 127.0.0.1',
    // The name in the handshake selects the certificate.
    isSecure ? `https://localhost:${port}/` : `http://127.0.0.1:${port}/`,
  ]
  const pinned =
    has('taskset') && cpus().length > 1 ? ['taskset', '-c', '1', 'wrk', ...args] : ['wrk', ...args]
  const { stdout } = await execute(pinned[0]!, pinned.slice(1))
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout)
  const ms = (text: string | undefined): number => {
    const [, value, unit] = /([\d.]+)(us|ms|s)/.exec(text ?? '') ?? []
    return Number(value) * ({ us: 0.001, ms: 1, s: 1000 }[unit ?? ''] ?? NaN)
  }
  return {
    requests: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p50: ms(/^\s+50%\s+(\S+)$/m.exec(stdout)?.[1]),
    p99: ms(/^\s+99%\s+(\S+)$/m.exec(stdout)?.[1]),
  }
}

async function autocannon(port: number, connections: number, time: number): Promise<Result> {
  const { default: fire } = await import('autocannon')
  const result = await fire({
    url: `http://127.0.0.1:${port}/`,
    connections,
    duration: time,
    headers: { host: '127.0.0.1' },
  })
  if (result.errors > 0 || result.non2xx > 0)
    throw new Error(`${result.errors} errors, ${result.non2xx} bad answers`)
  return { requests: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 }
}

function staticService(folder: string, port: number): string {
  writeFileSync(join(folder, 'answer'), 'x'.repeat(1024))
  return configuration(folder, 'service', [
    `bind 127.0.0.1:${port}`,
    `http-request return status 200 content-type text/plain file ${join(folder, 'answer')}`,
  ])
}

function proxy(folder: string, bind: string, upstream: number, name: string): string {
  return configuration(folder, name, [
    bind,
    'option forwardfor',
    'default_backend services',
    '',
    'backend services',
    'http-reuse always',
    `server one 127.0.0.1:${upstream}`,
  ])
}

function configuration(folder: string, name: string, frontend: string[]): string {
  const text = [
    'global',
    'nbthread 1',
    'maxconn 4000',
    'defaults',
    'mode http',
    'timeout client 60s',
    'timeout server 60s',
    'timeout connect 5s',
    'frontend main',
    ...frontend,
  ]
  const path = join(folder, `${name}.cfg`)
  writeFileSync(path, `${text.join('\n')}\n`)
  return path
}

/** Writes a certificate for `localhost` and its key to one file, as HAProxy wants it. */
function certificate(folder: string): string {
  const { chain, key } = certificateFor('localhost')
  const path = join(folder, 'certificate.pem')
  writeFileSync(path, `${chain}\n${key}`, { mode: 0o600 })
  return path
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

/** Ticks of the processor that a process and its children had. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

export const answers = async (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`)
    .then((response) => response.arrayBuffer())
    .then(
      () => true,
      () => false,
    )

export function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
