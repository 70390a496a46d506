import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, type IncomingHttpHeaders, request, type RequestOptions } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { HostRelease, HostReleaseStatus } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import type { HostStatus } from '#contract/host/status.ts'
import { pack } from '#platform/oci/oci.ts'
import { createHostClient, type HostClient } from '#platform/process/host-client.ts'
import { ensureHost } from '#platform/process/host-process.ts'
import { type Home, homeFrom, makeHome } from '#platform/home.ts'
import { freePorts } from './ports.ts'

/** A host of its own, as a process of its own, in a folder of its own. */
export interface TestHost {
  home: Home
  client: HostClient
  /** starts one when none runs; answers its pid */
  ensure(): Promise<number>
  /** SIGKILL, and waits until it is gone */
  kill(): Promise<void>
  /** packs files as an artifact; answers its digest */
  artifact(files: Record<string, string>): Promise<string>
  /** stops everything, and fails when a process of it is left */
  close(): Promise<void>
}

export async function startHost(env: Record<string, string> = {}): Promise<TestHost> {
  const root = mkdtempSync(join(tmpdir(), 'fairlead-host-'))
  const port = await freePorts()
  const home = homeFrom({ FAIRLEAD_HOME: root, FAIRLEAD_PORT: String(port) })
  makeHome(home)
  const client = createHostClient(home.hostSocket)
  const ensure = async (): Promise<number> =>
    (await ensureHost(home, { PATH: process.env['PATH'], ...env })).pid
  await ensure()
  return {
    home,
    client,
    ensure,
    kill: async () => {
      const { pid } = await client.status()
      process.kill(pid, 'SIGKILL')
      await waitUntil('the host is gone', () => !isAlive(pid))
    },
    artifact: async (files) => {
      const folder = mkdtempSync(join(tmpdir(), 'fairlead-files-'))
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
      const { digest } = await pack({
        layout: home.artifacts,
        folder,
        include: ['**'],
        exclude: [],
        annotations: {},
      })
      rmSync(folder, { recursive: true })
      return digest
    },
    close: async () => {
      const pid = await ensure()
      await client.stopAll()
      client.close()
      process.kill(pid, 'SIGTERM')
      await waitUntil('the host has ended', () => !isAlive(pid))
      const left = processesWith(readFileSync(join(home.host, 'id'), 'utf8'))
      for (const one of left) process.kill(one, 'SIGKILL')
      rmSync(root, { recursive: true, force: true, maxRetries: 5 })
      if (left.length > 0) throw new Error(`processes are left: ${left.join(', ')}`)
    },
  }
}

/** Zombies do not count: in a container nobody may collect them. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat[stat.lastIndexOf(')') + 2] !== 'Z'
  } catch {
    return false
  }
}

/** The processes whose environment has a text. */
export function processesWith(text: string): number[] {
  const found = execFileSync(
    'sh',
    ['-c', `grep -l -a -s -F "$TEXT" /proc/[0-9]*/environ || true`],
    {
      env: { PATH: process.env['PATH'], TEXT: text },
    },
  )
  const mine = found
    .toString()
    .split('\n')
    .flatMap((line) => /\d+/.exec(line)?.[0] ?? [])
  return mine
    .map(Number)
    .filter(
      (pid) =>
        pid !== process.pid &&
        isAlive(pid) &&
        !readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('grep'),
    )
}

export async function waitUntil(
  what: string,
  look: () => boolean | Promise<boolean>,
  seconds = 60,
): Promise<void> {
  const until = performance.now() + seconds * 1000
  while (!(await look())) {
    if (performance.now() > until) throw new Error(`This is not so after ${seconds} s: ${what}`)
    await pause(10)
  }
}

/** Answers every request with the text, and a few paths with more. */
export const server = (text: string): string => `
const { createServer } = require('node:http')
let isSick = false
createServer((request, response) => {
  if (request.url === '/env') return response.end(JSON.stringify(process.env))
  if (request.url === '/pid') return response.end(String(process.pid))
  if (request.url === '/slow') return setTimeout(() => response.end(${JSON.stringify(text)}), 1000)
  if (request.url === '/fail') response.statusCode = 500
  if (request.url === '/exit') return process.exit(3)
  if (request.url === '/say') console.log('heard ' + ${JSON.stringify(text)})
  if (request.url === '/sick') isSick = true
  if (request.url === '/' && isSick) return response.writeHead(500).end('sick')
  response.end(${JSON.stringify(text)})
}).listen(process.env.PORT, '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
`

export function webService(change: Partial<HostService> = {}): HostService {
  return {
    name: 'web',
    run: 'exec node server.js',
    port: true,
    health: { path: '/', timeout: 20_000, interval: 100 },
    instances: 1,
    env: {},
    directory: '.',
    stop: { signal: 'SIGTERM', grace: 5000 },
    ...change,
  }
}

export function releaseOf(
  host: TestHost,
  release: number,
  artifact: string,
  services: HostService[] = [webService()],
  change: Partial<HostRelease> = {},
): HostRelease {
  return {
    app: 'shop',
    environment: 'production',
    release,
    fence: { deployment: release, epoch: 1 },
    artifact,
    layout: host.home.artifacts,
    services,
    env: { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
    route: { port: null, host: 'shop.production.localhost' },
    ...change,
  }
}

/** Starts a release and waits until it is ready or has failed. */
export async function settle({ client }: TestHost, spec: HostRelease): Promise<HostReleaseStatus> {
  await client.start(spec)
  for (;;) {
    const status = await client.release(spec.app, spec.environment, spec.release, 5000)
    if (status && status.state !== 'starting') return status
  }
}

/** Starts a release, gives it the traffic and stops the one before, as a deployment does. */
export async function deploy(host: TestHost, spec: HostRelease): Promise<void> {
  const { state, reason } = await settle(host, spec)
  if (state !== 'ready') throw new Error(`release ${spec.release} is ${state}: ${reason}`)
  const { app, environment, release, fence } = spec
  const former = (await host.client.status()).releases.find(
    (one) => one.app === app && one.routed,
  )?.release
  await host.client.route(app, environment, { release, fence })
  if (former !== undefined && former !== release)
    await host.client.stop(app, environment, former, fence)
}

export const only = (status: HostStatus) => status.releases.flatMap(({ instances }) => instances)

export async function ask(
  host: TestHost,
  path = '/',
  agent?: Agent,
): Promise<{ status: number; text: string }> {
  const { status, text } = await exchange(host, path, { agent })
  return { status, text }
}

/** One request through the edge, with all of its answer. */
export function exchange(
  host: TestHost,
  path: string,
  {
    body,
    headers = {},
    ...more
  }: Omit<RequestOptions, 'headers'> & { headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; text: string; headers: IncomingHttpHeaders }> {
  const options: RequestOptions = {
    host: '127.0.0.1',
    port: host.home.edgePort,
    path,
    agent: false,
    ...more,
    headers: { host: `shop.production.localhost:${host.home.edgePort}`, ...headers },
  }
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

export interface Load {
  /** waits until so many more requests were sent */
  sent(count: number): Promise<void>
  /** stops it; answers how many requests there were, and what went wrong */
  stop(): Promise<{ requests: number; wrong: string[] }>
}

/** Asks again and again on connections that stay and on fresh ones. */
export function startLoad(host: TestHost, everyMs = 4): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const wrong: string[] = []
  const open = new Set<Promise<void>>()
  let requests = 0
  const timer = setInterval(() => {
    requests += 1
    const path = requests % 50 === 0 ? '/slow' : '/'
    const one = ask(host, path, requests % 2 ? agent : undefined).then(
      ({ status, text }) => void (status !== 200 && wrong.push(`${status} ${text}`)),
      (error: Error) => void wrong.push(error.message),
    )
    open.add(one)
    void one.finally(() => open.delete(one))
  }, everyMs)
  return {
    sent: async (count) => {
      const wanted = requests + count
      await waitUntil(`${count} requests were sent`, () => requests >= wanted)
    },
    stop: async () => {
      clearInterval(timer)
      await Promise.all(open)
      agent.destroy()
      return { requests, wrong }
    },
  }
}

/** The hosts of an installation that has no others. */
export const onlyHost = <T>(host: T) => ({ local: host, remotes: () => [] })

/** For targets of the machine of the server. */
export const noRemote = (name: string): never => {
  throw new Error(`the test has no host ${name}`)
}
