import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { fileURLToPath } from 'node:url'
import { freePorts, waitFor } from '../test/installation.ts'

const seconds = 6

/**
 * Requests a second and latency of 1 KB answers through nothing, our edge and HAProxy, each proxy alone on the second core;
 * the load and the server behind share the first. Then the latency added at half of the edge's own throughput.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-edge-'))
  const port = await freePorts()
  const ports = { direct: port, edge: port + 80, haproxy: port + 81 }
  const children: ChildProcess[] = []
  const start = (command: string, args: string[], core: string): void =>
    void children.push(spawn('taskset', ['-c', core, command, ...args], { stdio: 'ignore' }))
  try {
    start(
      process.execPath,
      [
        '-e',
        `const b='x'.repeat(1024);require('http').createServer((q,r)=>r.end(b)).listen(${ports.direct},'127.0.0.1')`,
      ],
      '0',
    )
    start(
      process.execPath,
      [fileURLToPath(new URL('edge-server.ts', import.meta.url)), String(ports.edge), String(ports.direct)],
      '1',
    )
    const hasHaproxy = spawnSync('haproxy', ['-v']).status === 0
    if (hasHaproxy) {
      await writeFile(
        join(folder, 'haproxy.cfg'),
        `global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\nlisten all\n  bind 127.0.0.1:${ports.haproxy}\n  server one 127.0.0.1:${ports.direct}\n`,
      )
      start('haproxy', ['-f', join(folder, 'haproxy.cfg')], '1')
    }
    for (const wanted of [ports.direct, ports.edge, ...(hasHaproxy ? [ports.haproxy] : [])])
      await waitFor(`port ${wanted}`, () =>
        fetch(`http://127.0.0.1:${wanted}`).then(
          (r) => r.ok,
          () => false,
        ),
      )
    const rows: Record<string, { rate: number; p50: number; p99: number }> = {}
    for (const [name, target] of Object.entries(ports))
      if (name !== 'haproxy' || hasHaproxy) rows[name] = await full(target)
    console.log(`1 KB answers, 64 connections, ${seconds} s each`)
    for (const [name, row] of Object.entries(rows))
      console.log(`  ${name.padEnd(8)} ${Math.round(row.rate)} requests a second, p50 ${row.p50} ms, p99 ${row.p99} ms`)
    console.log(
      rows['haproxy']
        ? `  edge / haproxy ${((rows['edge']?.rate ?? 0) / rows['haproxy'].rate).toFixed(2)}`
        : '  HAProxy is not installed: not measured',
    )
    await halfLoad(ports, rows['edge']?.rate ?? 0)
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
}

async function full(port: number): Promise<{ rate: number; p50: number; p99: number }> {
  const result = await autocannon({ url: `http://127.0.0.1:${port}`, connections: 64, duration: seconds })
  return { rate: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 }
}

async function halfLoad(ports: Record<string, number>, rate: number): Promise<void> {
  for (const name of ['direct', 'edge']) {
    const result = await autocannon({
      url: `http://127.0.0.1:${ports[name]}`,
      connections: 32,
      duration: seconds,
      overallRate: Math.floor(rate / 2),
    })
    console.log(
      `  at half of the edge's rate, ${name.padEnd(6)} p50 ${result.latency.p50} ms, p99 ${result.latency.p99} ms, ${result.non2xx + result.errors} failed`,
    )
  }
}
