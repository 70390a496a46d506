import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HostContainer, HostService } from '#contract/host/service.ts'
import { type TestEngine, linesOf, startEngine } from '../../../test/support/engine.ts'
import { startRegistry } from '../../../test/support/registry.ts'
import {
  ask,
  deploy,
  releaseOf,
  server,
  settle,
  startHost,
  startLoad,
  type TestHost,
  waitUntil,
  webService,
} from '../../../test/support/host.ts'
import { isInstalled, requires, requiresRoot } from '../../../test/support/programs.ts'

const at = ['shop', 'production'] as const
const isPossible = isInstalled('docker') && process.getuid?.() === 0
let engine: TestEngine
let host: TestHost
let good: string
let release = 0

beforeAll(async () => {
  if (!isPossible) return
  engine = await startEngine({ keepsRunning: true })
  host = await startHost({ FAIRLEAD_DOCKER_SOCKET: engine.socket })
  good = await host.artifact({
    'server.js': server('good').replace("'127.0.0.1'", 'process.env.HOST'),
    'other.js': server('other').replace("'127.0.0.1'", 'process.env.HOST'),
  })
}, 120_000)
afterAll(async () => {
  await host?.client.removeEnvironment(...at)
  await host?.close()
  await engine?.stop()
}, 120_000)

function service(
  change: Partial<HostService> = {},
  container: Partial<HostContainer> = {},
): HostService {
  const { image } = engine
  return webService({
    container: {
      ...{ image, port: 8080, readOnly: true, capabilities: [], networks: [], ...container },
    },
    ...change,
  })
}

const releaseWith = (one: HostService) => releaseOf(host, (release += 1), good, [one], { env: {} })
const containers = (): string[] => engine.docker('ps', '-aq').split('\n').filter(Boolean)
const pinned = (): string[] =>
  engine.docker('images', '-q', 'fairlead.local/*').split('\n').filter(Boolean)
const inspect = () =>
  JSON.parse(engine.docker('inspect', ...containers())) as {
    Config: { Env: string[]; Labels: Record<string, string> }
    HostConfig: Record<string, unknown>
    State: { Pid: number }
  }[]
const logFile = (number: number): string =>
  join(host.home.host, 'log', ...at, `${number}/web.0.log`)

describe(
  'a service in a container',
  { ...requires('docker'), ...requiresRoot, timeout: 120_000 },
  () => {
    test('is confined, and its secrets are in files only', async () => {
      const one = service(
        {
          ...{ env: { TOKEN: "it's secret", COLOUR: 'red' }, secrets: ['TOKEN'] },
          ...{ memory: 128 * 1_048_576 },
        },
        { user: 'web', cpus: 0.5 },
      )
      await deploy(host, releaseWith(one))
      const env = JSON.parse((await ask(host, '/env')).text) as Record<string, string>
      expect(env).toMatchObject({
        ...{ TOKEN: "it's secret", TOKEN_FILE: '/run/secrets/TOKEN', COLOUR: 'red', PORT: '8080' },
        ...{ FAIRLEAD_RELEASE: String(release), FAIRLEAD_DATA_DIR: '/data', HOST: '0.0.0.0' },
      })
      const [seen] = inspect()
      expect(JSON.stringify(seen)).not.toContain("it's secret")
      expect(seen?.Config.Labels).toMatchObject({
        ...{ 'dev.fairlead.app': 'shop', 'dev.fairlead.service': 'web' },
        'dev.fairlead.release': String(release),
      })
      expect(seen?.HostConfig).toMatchObject({
        ...{ CapDrop: ['ALL'], ReadonlyRootfs: true, Memory: 128 * 1_048_576, NanoCpus: 5e8 },
      })
      const status = readFileSync(`/proc/${seen?.State.Pid}/status`, 'utf8')
      expect(status).toMatch(/^Uid:\s+1234\s/m)
      expect(status).toMatch(/^CapBnd:\s+0+$/m)
      expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
      const data = join(host.home.host, 'data', ...at)
      expect(statSync(data).uid).toBe(1234)
      // A release whose start fails leaves the data to the one that runs.
      await settle(host, releaseWith(service({}, { image: `sha256:${'0'.repeat(64)}` })))
      await host.client.remove(...at, release, { deployment: release, epoch: 1 })
      expect(statSync(data).uid).toBe(1234)
      const secrets = join(host.home.host, 'tmp', ...at, String(release - 1), 'web.0.secrets')
      expect(readdirSync(secrets).toSorted()).toEqual(['.variables', 'TOKEN'])
    })

    test('no request fails while releases follow each other, and nothing is left', async () => {
      await deploy(host, releaseWith(service()))
      const load = startLoad(host)
      await load.sent(100)
      for (let i = 0; i < 6; i += 1) await deploy(host, releaseWith(service({ instances: 2 })))
      await load.sent(100)
      const { requests, wrong } = await load.stop()
      expect(wrong).toEqual([])
      expect(requests).toBeGreaterThan(200)
      expect(containers()).toHaveLength(2)
    })

    test('runs on without a host, and none of its lines is missing or there twice', async () => {
      const run =
        'exec node -e "let i=0; setInterval(() => console.log(++i), 3);' +
        "require('http').createServer((q, r) => r.end('on')).listen(8080)\""
      await deploy(host, releaseWith(service({ run })))
      const [before] = containers()
      for (let kills = 0; kills < 4; kills += 1) {
        await host.kill()
        const size = linesOf(logFile(release)).length
        await host.ensure()
        await waitUntil('lines follow', () => linesOf(logFile(release)).length > size + 300)
      }
      expect(containers()).toEqual([before])
      const lines = linesOf(logFile(release)).map(Number)
      expect(lines).toEqual(lines.map((_, index) => index + 1))
      expect(await ask(host)).toEqual({ status: 200, text: 'on' })
    })

    test('the host is killed at any moment of a start, and one container runs', async () => {
      for (const delay of [0, 30, 80, 150, 250, 400, 600]) {
        const one = releaseWith(service())
        await host.client.start(one)
        await new Promise((wake) => setTimeout(wake, delay))
        await host.kill()
        await host.ensure()
        await waitUntil('it is ready', async () => {
          const found = await host.client.release(...at, release, 1000)
          return found?.state === 'ready'
        })
        await host.client.route(...at, { release, fence: one.fence })
        const others = (await host.client.status()).releases.filter(
          (found) => found.release !== release,
        )
        for (const other of others) await host.client.remove(...at, other.release, one.fence)
        await waitUntil('one container is left', () => containers().length === 1)
      }
    })

    test.each([
      ['dies at once', { run: 'echo no database; exit 7' }, {}, /web exited with 7.*no database/],
      [
        'listens on 127.0.0.1 only',
        { run: "exec node -e \"require('http').createServer().listen(8080, '127.0.0.1')\"" },
        {},
        /listens on 127.0.0.1:8080 only, and has to listen on 0.0.0.0/,
      ],
      [
        'listens on IPv6 only',
        {
          run:
            "exec node -e \"require('http').createServer()" +
            ".listen({ port: 8080, host: '::', ipv6Only: true })\"",
          health: { path: '/', timeout: 3000, interval: 100 },
        },
        {},
        /did not become healthy within 3 s: nothing listens on port 8080/,
      ],
      [
        'listens on another port',
        {
          run: 'exec node -e "require(\'http\').createServer().listen(3000)"',
          health: { path: '/', timeout: 4000, interval: 100 },
        },
        {},
        /listens on port 3000 instead of \$PORT \(8080\)/,
      ],
      ['has an unknown user', {}, { user: 'nobody-here' }, /no user nobody-here/],
      ['has an unknown network', {}, { networks: ['nowhere'] }, /network nowhere not found/],
      ['has no image', {}, { image: `sha256:${'0'.repeat(64)}` }, /this machine has no image/],
      [
        'cannot reach its registry',
        {},
        { image: `127.0.0.1:9/shop@sha256:${'1'.repeat(64)}` },
        /cannot be pulled: .*connection refused/,
      ],
      [
        'uses too much memory',
        {
          run: 'exec node -e "const a = []; for (;;) a.push(Buffer.alloc(1e7, 1))"',
          memory: 64 * 1_048_576,
        },
        {},
        /used more than its memory of 64 MB|killed by SIGKILL/,
      ],
    ])('%s: the release fails with one sentence', async (_what, change, container, reason) => {
      const status = await settle(host, releaseWith(service(change, container)))
      expect(status.state).toBe('failed')
      expect(status.reason).toMatch(reason)
      await host.client.remove(...at, release, { deployment: release, epoch: 1 })
      await waitUntil('its container is gone', () => containers().length === 1)
    })

    test('ignores SIGTERM: it is killed after its grace', async () => {
      const run =
        "exec node -e \"process.on('SIGTERM', () => console.log('no'));" +
        "require('http').createServer((q, r) => r.end('deaf')).listen(8080)\""
      await deploy(host, releaseWith(service({ run, stop: { signal: 'SIGTERM', grace: 700 } })))
      const deaf = release
      const began = performance.now()
      await deploy(host, releaseWith(service()))
      expect(performance.now() - began).toBeGreaterThan(700)
      expect(containers()).toHaveLength(1)
      expect(linesOf(logFile(deaf))).toContain('no')
    })

    test('a service that crashes is restarted in a fresh container', async () => {
      await deploy(host, releaseWith(service()))
      const [before] = containers()
      await ask(host, '/exit').catch(() => undefined)
      await waitUntil('it answers again', async () => {
        const { status } = await ask(host)
        return status === 200 && containers()[0] !== before
      })
      expect(containers()).toHaveLength(1)
    })

    test('an upgrade of the Engine touches no request', async () => {
      await deploy(host, releaseWith(service()))
      const [before] = containers()
      const load = startLoad(host)
      await load.sent(50)
      await engine.restart()
      await load.sent(200)
      expect((await load.stop()).wrong).toEqual([])
      expect(containers()).toEqual([before])
      await deploy(host, releaseWith(service()))
      await waitUntil('one container is left', () => containers().length === 1)
      expect(existsSync(logFile(release))).toBe(true)
    })

    test('pulls by digest, keeps what a release needs, and removes what none needs', async () => {
      const registry = await startRegistry(engine)
      try {
        const names = ['one', 'two', 'three'].map((text) => registry.add(text))
        const [one = '', two = '', three = ''] = names
        const withImage = (image: string) => releaseWith(service({}, { image }))
        registry.problem = 'wrong blobs'
        expect((await settle(host, withImage(one))).reason).toMatch(
          /cannot be pulled: .*(digest|verification|unexpected|filesystem layer)/,
        )
        registry.problem = 'no more than half'
        expect((await settle(host, withImage(one))).reason).toMatch(/cannot be pulled: /)
        registry.problem = null
        await deploy(host, withImage(one))
        const first = release
        await deploy(host, withImage(two))
        registry.stop()
        // The way back needs no registry.
        const back = await settle(host, releaseOf(host, first, good, [service({}, { image: one })]))
        expect(back.state).toBe('ready')
        expect((await settle(host, withImage(three))).reason).toMatch(/connection refused/)
        expect(pinned()).toHaveLength(2)
        const last = { deployment: release, epoch: 1 }
        await host.client.route(...at, { release: first, fence: last })
        for (const { release: other } of (await host.client.status()).releases)
          if (other !== first) await host.client.remove(...at, other, last)
        await host.kill()
        await host.ensure()
        await waitUntil('one image is left', () => pinned().length === 1)
        expect((await ask(host)).status).toBe(200)
      } finally {
        registry.stop()
      }
    })

    test('does not pull when the disk would be too full', async () => {
      const registry = await startRegistry(engine)
      const full = await startHost({
        ...{ FAIRLEAD_DOCKER_SOCKET: engine.socket, FAIRLEAD_DISK_FLOOR_MB: '1000000000' },
      })
      try {
        const artifact = await full.artifact({ 'a.txt': 'a' })
        const image = registry.add('four')
        const status = await settle(full, releaseOf(full, 1, artifact, [service({}, { image })]))
        expect(status.reason).toMatch(/must stay free|no space|free/)
      } finally {
        registry.stop()
        await full.close()
      }
    })
  },
)
