import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../test/support/ports.ts'
import { waitFor } from '../test/support/wait.ts'
import { answers, type Contender, has, measure } from './edge.ts'
import { median } from './measure.ts'

const rounds = 3
const seconds = 5
const connections = 64

/**
 * Readers a second of the status page through the edge, while no app runs, beside nginx with the
 * same bytes and headers. Each has one thread on the same core; the load is on another. They take
 * turns.
 */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-'))
  const children: ChildProcess[] = []
  const port = await freePorts()
  const start = (...command: string[]): ChildProcess => {
    const isPinned = has('taskset') && cpus().length > 1
    const [program = '', ...args] = isPinned ? ['taskset', '-c', '0', ...command] : command
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    children.push(child)
    return child
  }
  const server = (at: number, ...mode: string[]): ChildProcess => {
    const file = new URL('status-page-server.ts', import.meta.url).pathname
    return start(process.execPath, file, String(at), join(folder, String(at)), ...mode)
  }
  const contenders: Contender[] = []
  const add = async (name: string, at: number, process: ChildProcess): Promise<void> => {
    contenders.push({ name, port: at, process, runs: [] })
    await waitFor(`${name} answers`, () => answers(at))
  }
  try {
    await add('status page', port, server(port))
    await add('without memory', port + 1, server(port + 1, 'served'))
    const page = await fetch(`http://127.0.0.1:${port}/`)
    const body = Buffer.from(await page.arrayBuffer())
    if (has('nginx'))
      await add('nginx', port + 2, start('nginx', '-c', nginx(folder, port + 2, page, body)))
    for (const contender of contenders) await measure(contender, connections, 2) // warm up
    for (const contender of contenders) contender.runs.length = 0
    for (let i = 0; i < rounds; i += 1)
      for (const contender of contenders) await measure(contender, connections, seconds)
    report(contenders, body.length)
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

function report(contenders: Contender[], bytes: number): void {
  console.log(
    `the page of ${bytes} bytes, ${connections} connections, median of ${rounds} rounds; ` +
      `load of the machine ${loadavg()[0]?.toFixed(1)}`,
  )
  for (const { name, runs } of contenders) {
    const of = (key: 'requests' | 'p50' | 'p99' | 'cpu'): number =>
      median(runs.map((one) => one[key]))
    console.log(
      `  ${name.padEnd(16)} ${of('requests').toFixed(0).padStart(6)}/s  ` +
        `p50 ${of('p50').toFixed(2)} ms  p99 ${of('p99').toFixed(2)} ms  ` +
        `${of('cpu').toFixed(1)} µs of processor`,
    )
  }
}

/** nginx with the page as a file and the same headers, in one process. */
function nginx(folder: string, port: number, page: Response, body: Buffer): string {
  writeFileSync(join(folder, 'index.html'), body)
  const headers = ['cache-control', 'content-security-policy', 'referrer-policy']
    .concat('x-content-type-options')
    .map((name) => `add_header ${name} "${page.headers.get(name) ?? ''}";`)
  const path = join(folder, 'nginx.conf')
  writeFileSync(
    path,
    `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log stderr;
events { worker_connections 1024; }
http {
  access_log off; open_file_cache max=10; keepalive_requests 1000000000;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join(' ')}
  types { text/html html; } charset utf-8;
  server { listen 127.0.0.1:${port}; root ${folder}; ${headers.join(' ')} }
}
`,
  )
  return path
}
