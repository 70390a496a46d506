import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FairleadError } from '#contract/errors.ts'
import type { HostCanary } from '#contract/host/route.ts'
import type { Batch } from '#contract/verdict/verdict.ts'
import { createHostClient } from '#platform/process/host-client.ts'
import { ensureHost } from '#platform/process/host-process.ts'
import { homeFrom, makeHome } from '#platform/home.ts'
import { selfCommand } from '#platform/self.ts'
import { freePorts } from '../../test/support/ports.ts'
import { requiresIsolation } from '../../test/support/isolation.ts'
import { longTest } from '../../test/support/scale.ts'
import {
  ask,
  deploy,
  exchange,
  isAlive,
  only,
  processesWith,
  releaseOf,
  server,
  settle,
  startHost,
  startLoad,
  type TestHost,
  waitUntil,
  webService,
} from '../../test/support/host.ts'

let host: TestHost
let good: string
const fence = { deployment: 1, epoch: 1 }
const at = ['shop', 'production'] as const

beforeAll(async () => {
  host = await startHost()
  good = await host.artifact({ 'server.js': server('good') })
})
afterAll(() => host.close())
beforeEach(() => host.client.removeEnvironment(...at))

/** All processes that one began, and those that they began. */
function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
  return children.map(Number).flatMap((child) => [child, ...childrenOf(child)])
}

/** Answers what a switch serves, from the file and over OFREP. */
const switchReader = `
const { readFileSync } = require('node:fs')
const evaluate = async () => {
  const [name, value] = process.env.OFREP_HEADERS.split('=')
  const answer = await fetch(process.env.OFREP_ENDPOINT + '/ofrep/v1/evaluate/flags/mail', {
    method: 'POST', body: '{}', headers: { [name]: value, connection: 'close' },
  })
  return (await answer.json()).value
}
require('node:http').createServer(async (request, response) => {
  const file = JSON.parse(readFileSync(process.env.FAIRLEAD_SWITCHES, 'utf8')).switches.mail.value
  const api = await evaluate().catch((error) => error.message)
  response.end(JSON.stringify({ file, api }))
}).listen(process.env.PORT, '127.0.0.1')
`

/** The death of a process ends its sandbox. */
function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

describe('a release', () => {
  test('becomes ready when healthy, gets traffic, and stops with all its processes', async () => {
    const status = await settle(
      host,
      releaseOf(host, 1, good, [webService({ instances: 2 })], {
        env: { ...releaseOf(host, 1, good).env, SECRET: 's3cret' },
      }),
    )
    expect(status).toMatchObject({ state: 'ready', reason: null, routed: false })
    expect(status.instances.map(({ state }) => state)).toEqual(['healthy', 'healthy'])
    expect(await ask(host)).toMatchObject({ status: 503 })
    await host.client.route(...at, { release: 1, fence })
    expect(await ask(host)).toEqual({ status: 200, text: 'good' })
    const env = JSON.parse((await ask(host, '/env')).text) as Record<string, string>
    expect(env).toMatchObject({
      HOST: '127.0.0.1',
      FAIRLEAD_APP: 'shop',
      FAIRLEAD_ENVIRONMENT: 'production',
      FAIRLEAD_RELEASE: '1',
      FAIRLEAD_SERVICE: 'web',
      FAIRLEAD_DATA_DIR: join(host.home.host, 'data/shop/production'),
      SECRET: 's3cret',
      LANG: 'C.UTF-8',
    })
    expect(status.instances.map(({ port }) => String(port))).toContain(env['PORT'])
    await expect(host.client.stop(...at, 1, fence)).rejects.toThrow('Release 1 has the traffic')
    await deploy(host, releaseOf(host, 2, await host.artifact({ 'server.js': server('two') })))
    expect((await ask(host)).text).toBe('two')
    expect(status.instances.filter(({ pid }) => isAlive(pid ?? 0))).toEqual([])
    expect(await host.client.release(...at, 1, 0)).toMatchObject({
      state: 'stopped',
      instances: [],
    })
    await host.client.remove(...at, 1, fence)
    expect(await host.client.release(...at, 1, 0)).toBeNull()
    expect(existsSync(join(host.home.host, 'log/shop/production/1'))).toBe(false)
    expect(existsSync(join(host.home.host, 'data/shop/production'))).toBe(true)
  })

  test(
    'shares the files of its artifact, which the last one removes',
    requiresIsolation,
    async () => {
      const unpacked = (): string[] =>
        readdirSync(join(host.home.host, 'unpacked')).filter((name) => /^\w{64}$/.test(name))
      for (const environment of ['dev', 'production'])
        await settle(host, releaseOf(host, 1, good, [], { environment }))
      expect(unpacked()).toEqual([good.slice(7)])
      await host.client.remove(...at, 1, fence)
      expect(unpacked()).toEqual([good.slice(7)])
      await host.client.removeEnvironment('shop', 'dev')
      expect(unpacked()).toEqual([])
    },
  )

  test('serves static files without the variables of the app, and not as root', async () => {
    const site = await host.artifact({
      'index.html': 'home',
      'evil.cjs': "require('node:fs').writeFileSync('/proc/self/comm', 'evil')",
    })
    const { run: _run, ...service } = webService({ static: '.' })
    const env = { NODE_OPTIONS: '--require ./evil.cjs', TOKEN: 'hidden-value' }
    const status = await settle(host, releaseOf(host, 1, site, [{ ...service, env }], { env }))
    expect(status).toMatchObject({ state: 'ready', reason: null })
    await host.client.route(...at, { release: 1, fence })
    expect(await ask(host)).toEqual({ status: 200, text: 'home' })
    const pid = status.instances[0]?.pid ?? 0
    for (const one of [pid, ...childrenOf(pid)]) {
      const environment = readFileSync(`/proc/${one}/environ`, 'utf8')
      expect(environment).not.toMatch(/NODE_OPTIONS|hidden-value/)
      expect(readFileSync(`/proc/${one}/comm`, 'utf8')).not.toBe('evil\n')
    }
    const server = [pid, ...childrenOf(pid)].at(-1) ?? pid
    if (existsSync('/usr/bin/bwrap') && process.getuid?.() === 0)
      expect(statSync(`/proc/${server}`).uid).not.toBe(0)
  })

  test('keeps its secrets in files that only the owner can read', async () => {
    await settle(host, releaseOf(host, 1, good, [webService({ env: { TOKEN: 'hidden-value' } })]))
    const folder = join(host.home.host, 'state')
    for (const name of readdirSync(folder))
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    expect(JSON.stringify(await host.client.status())).not.toContain('hidden-value')
    expect(readFileSync(join(host.home.log, 'host.log'), 'utf8')).not.toContain('hidden-value')
  })

  test('is checked with the host name of its environment', async () => {
    const picky = await host.artifact({
      'server.js': `
        require('node:http').createServer(({ headers }, response) => {
          response.statusCode = headers.host === 'shop.production.localhost' ? 200 : 400
          response.end()
        }).listen(process.env.PORT)`,
    })
    expect(await settle(host, releaseOf(host, 1, picky))).toMatchObject({ state: 'ready' })
    const health = { path: '/', timeout: 4000, interval: 100 }
    const headers = { Host: 'shop.example.com' }
    const other = await settle(
      host,
      releaseOf(host, 2, picky, [webService({ health: { ...health, headers } })]),
    )
    expect(other).toMatchObject({ state: 'failed', instances: [{ restarts: 1 }] })
    expect(other.reason).toMatch(
      /^web did not become healthy: \/ answered 400 for \d+(\.\d)? s; .*`health\.headers`/,
    )
  })

  test('fails at once when its artifact cannot run', async () => {
    const only6 = `require('node:http').createServer().listen(process.env.PORT, '::1')`
    const run = `node -e "${only6}"`
    const first = await settle(host, releaseOf(host, 1, good, [webService({ run })]))
    expect(first.reason).toMatch(
      /^web cannot be reached: .* listens on \[::1\]:\d+ only, and has to listen on 127\.0\.0\.1/,
    )
    const { run: _run, ...site } = webService({ static: 'nowhere' })
    const third = await settle(host, releaseOf(host, 3, good, [site]))
    expect(third.reason).toMatch(/^web cannot start: .*nowhere/)
    for (const { instances } of [first, third]) expect(instances[0]?.restarts).toBe(1)
    const second = await settle(host, releaseOf(host, 2, good, [webService({ run: 'true' })]))
    expect(second.reason).toMatch(/^web exited with 0, but a service has to stay in the foreground/)
    await expect(host.client.route(...at, { release: 2, fence })).rejects.toThrow(
      'Release 2 failed: web exited with 0, but a service has to stay in the foreground',
    )
  })

  longTest('a service that leaves the foreground fails, although its child answers', async () => {
    const run = 'node server.js & sleep 0.2'
    const settling = { least: 1000, most: 1000 }
    const status = await settle(
      host,
      releaseOf(host, 1, good, [webService({ run, settle: settling })]),
    )
    expect(status.reason).toMatch(/^web exited with 0, but a service has to stay in the foreground/)
  })

  test('fails with the end of its log when it does not become healthy', async () => {
    await deploy(host, releaseOf(host, 1, good))
    const bad = await host.artifact({
      'server.js':
        "console.log('the database is missing'); require('node:http').createServer((q, s) => s.writeHead(500).end()).listen(process.env.PORT)",
    })
    const status = await settle(
      host,
      releaseOf(host, 2, bad, [webService({ health: { path: '/', timeout: 700, interval: 100 } })]),
    )
    expect(status.state).toBe('failed')
    expect(status.reason).toMatch(
      /^web did not become healthy within 0\.7 s: \/ answered 500; its output ends with: the dat/,
    )
    await expect(host.client.route(...at, { release: 2, fence })).rejects.toThrow(
      'Release 2 failed: web did not become healthy',
    )
    expect((await ask(host)).text).toBe('good')
  })

  test('fails with its output when it exits repeatedly', async () => {
    const bad = await host.artifact({
      'server.js': "console.error('boom ' + process.env.FAIRLEAD_SERVICE); process.exit(7)",
    })
    const status = await settle(host, releaseOf(host, 1, bad))
    expect(status).toMatchObject({ state: 'failed' })
    expect(status.reason).toMatch(/^web exited with 7; its output ends with: .*boom web$/)
    expect(status.instances[0]).toMatchObject({ state: 'stopped', restarts: 3 })
    await host.client.remove(...at, 1, fence)
    expect(await host.client.log(...at, 1, 'web', 1)).toEqual([
      { service: 'web', index: 0, text: 'boom web' },
    ])
    await expect(host.client.log(...at, 2, undefined, 1)).rejects.toMatchObject({
      code: 'not_found',
    })
    // Its output is searched for errors, also when it is removed before the server has read it.
    await host.client.remove(...at, 1, fence)
    expect(await host.client.release(...at, 1, 0)).toBeNull()
    const { files } = await host.client.output({})
    expect(
      files.find(({ key }) => key === 'shop/production/1/web/0')?.lines.length,
    ).toBeGreaterThan(0)
  })

  test('reports the port that it listens on instead of $PORT', async () => {
    const wrong = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const address = probe.address()
        probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
      })
    })
    const bad = await host.artifact({
      'server.js': `require('node:http').createServer((q, s) => s.end()).listen(${wrong}, '127.0.0.1')`,
    })
    const status = await settle(
      host,
      releaseOf(host, 1, bad, [
        webService({ health: { path: null, timeout: 1500, interval: 100 } }),
      ]),
    )
    expect(status.reason).toContain(
      `it listens on port ${wrong} instead of $PORT (${status.instances[0]?.port})`,
    )
  })

  longTest('reports a missing directory or artifact', async () => {
    expect(
      (await settle(host, releaseOf(host, 1, good, [webService({ directory: 'nowhere' })]))).reason,
    ).toBe('web cannot start: its directory nowhere is not in the artifact')
    const missing = await settle(host, releaseOf(host, 2, `sha256:${'0'.repeat(64)}`))
    expect(missing.reason).toMatch(/^its artifact cannot be unpacked: /)
  })

  test('restarts an instance with traffic after a crash and counts restarts', async () => {
    await deploy(host, releaseOf(host, 1, good))
    const [before] = only(await host.client.status())
    await ask(host, '/exit')
    await waitUntil('it answers again', async () => (await ask(host)).status === 200)
    const [instance] = only(await host.client.status())
    expect(instance?.pid).not.toBe(before?.pid)
    expect(instance?.restarts).toBe(1)
    for (let i = 0; i < 4; i += 1) {
      await ask(host, '/exit')
      await waitUntil('it answers again', async () => (await ask(host)).status === 200)
    }
    expect(await host.client.release(...at, 1, 0)).toMatchObject({
      state: 'ready',
      instances: [{ restarts: 5 }],
    })
  })

  test('removes a crashed instance from the rotation while the other serves', async () => {
    await deploy(host, releaseOf(host, 1, good, [webService({ instances: 2 })]))
    const load = startLoad(host)
    const victim = only(await host.client.status())[0]?.pid ?? 0
    process.kill(victim, 'SIGKILL')
    await waitUntil('both are healthy again', async () =>
      only(await host.client.status()).every(
        ({ state, pid }) => state === 'healthy' && pid !== victim,
      ),
    )
    const { requests, wrong } = await load.stop()
    expect(requests).toBeGreaterThan(10)
    // What the killed process was answering at that moment is lost with it, unless it can be asked
    // of the other.
    expect(wrong).toEqual([])
  })

  longTest('removes an unhealthy instance from the rotation', async () => {
    await deploy(host, releaseOf(host, 1, good, [webService({ instances: 2 })]))
    await ask(host, '/sick')
    await waitUntil('one is unhealthy', async () =>
      only(await host.client.status()).some(({ state }) => state === 'unhealthy'),
    )
    for (let i = 0; i < 10; i += 1) expect((await ask(host)).status).toBe(200)
    const sick = only(await host.client.status()).find(({ state }) => state === 'unhealthy')
    expect(sick?.reason).toBe('/ answered 500')
    expect(sick?.restarts).toBe(0)
  })

  longTest('starts on another port when its port was taken', async () => {
    await deploy(host, releaseOf(host, 1, good))
    const [before] = only(await host.client.status())
    // What it takes it drops, so that a request that comes its way is not kept waiting for ever.
    const thief = createServer((socket) => socket.destroy())
    const steal = (): Promise<boolean> =>
      new Promise((resolve) => {
        thief.once('error', () => resolve(false))
        thief.listen(before?.port ?? 0, '127.0.0.1', () => resolve(true))
      })
    let killed: number | null = null
    await waitUntil('the port is taken', async () => {
      // The host may be quicker, and then has to be robbed again.
      const pid = only(await host.client.status())[0]?.pid ?? null
      if (pid !== null && pid !== killed) process.kill((killed = pid), 'SIGKILL')
      return steal()
    })
    await waitUntil('it answers again', async () => (await ask(host)).text === 'good')
    const [after] = only(await host.client.status())
    expect(after?.port).not.toBe(before?.port)
    await new Promise((resolve) => thief.close(resolve))
  })

  longTest('gets the port of another environment together with its first traffic', async () => {
    const port = host.home.edgePort + 5
    const answer = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}`)).text()
    const named = (environment: string) => ({
      ...{ ...releaseOf(host, 1, good), environment },
      route: { port, host: `shop.${environment}.localhost` },
    })
    await deploy(host, named('production'))
    expect(await answer()).toBe('good')
    await host.client.start(named('renamed'))
    await waitUntil('it is ready', async () => {
      const status = await host.client.release('shop', 'renamed', 1, 100)
      return status?.state === 'ready'
    })
    const ports = async (): Promise<Record<string, number | null>> =>
      Object.fromEntries(
        (await host.client.status()).routes.map((route) => [route.environment, route.port]),
      )
    expect(await ports()).toEqual({ production: port, renamed: null })
    await host.client.route('shop', 'renamed', { release: 1, fence })
    expect(await ports()).toEqual({ production: null, renamed: port })
    await waitUntil('the port is open', async () => (await answer().catch(() => '')) === 'good')
    await host.client.removeEnvironment('shop', 'renamed')
  })

  longTest('becomes ready only when every instance has settled', async () => {
    // Both die after their first sign of life: 0.2 s after the start, and 0.1 s after an answer.
    const dies = `${server('dies')}\nsetTimeout(() => process.exit(3), 300)`
    const worker = { name: 'worker', run: 'sleep 0.2; echo no queue; exit 4', port: false }
    const web = { run: 'exec node server.js', settle: { least: 1000, most: 1000 } }
    const artifact = await host.artifact({ 'server.js': dies })
    const [first, second] = await Promise.all([
      settle(host, releaseOf(host, 1, artifact, [webService(web)])),
      settle(host, {
        ...releaseOf(host, 2, good, [webService({ ...web, ...worker })]),
        environment: 'staging',
      }),
    ])
    expect(first).toMatchObject({ state: 'failed', reason: 'web exited with 3' })
    expect(second.reason).toBe('worker exited with 4; its output ends with: no queue')
    await host.client.removeEnvironment('shop', 'staging')
  })

  longTest('a worker settles as long as the start of the app took', async () => {
    const slow = server('slow').replace('createServer(', 'setTimeout(() => createServer(')
    const late = slow.replace(/\)\.listen\((.*)\)/, ').listen($1), 300)')
    const settling = { least: 1, most: 10_000 }
    const status = await settle(
      host,
      releaseOf(host, 1, await host.artifact({ 'server.js': late }), [
        webService({ settle: settling }),
        webService({ name: 'worker', run: 'exec sleep 1000', port: false, settle: settling }),
      ]),
    )
    expect(status).toMatchObject({ state: 'ready', crashes: 0, lastCrash: null })
    expect(status.settleMs).toBeGreaterThan(300)
    expect(status.settleMs).toBeLessThan(10_000)
  })

  test('a worker is ready after a moment, and its detached children end with it', async () => {
    const text = `trap '' TERM; setsid sleep 1234 & setsid env -i /bin/sleep 4321 &  echo started; while :; do sleep 0.1; done`
    const worker = webService({
      name: 'worker',
      run: text,
      port: false,
      settle: { least: 500, most: 500 },
      stop: { signal: 'SIGTERM', grace: 300 },
    })
    const status = await settle(host, releaseOf(host, 1, good, [worker]))
    expect(status.state).toBe('ready')
    const id = readFileSync(join(host.home.host, 'id'), 'utf8')
    const pid = status.instances[0]?.pid ?? 0
    const children = childrenOf(pid)
    expect(children.length).toBeGreaterThan(1)
    await host.client.stop(...at, 1, fence)
    expect(children.filter(isAlive)).toEqual([])
    expect(processesWith(id)).toEqual([])
    expect(await host.client.log(...at, 1, 'worker', 10)).toEqual([
      { service: 'worker', index: 0, text: 'started' },
    ])
  })

  longTest('the grace period applies to the children of a shell that exited', async () => {
    const slow = await host.artifact({
      'server.js': `${server('slow').replace("process.on('SIGTERM', () => process.exit(0))", '')}
      process.on('SIGTERM', () => setTimeout(() => { require('node:fs').writeFileSync(process.env.FAIRLEAD_DATA_DIR + '/finished', ''); process.exit(0) }, 300))`,
    })
    await settle(host, releaseOf(host, 1, slow, [webService({ run: 'node server.js; true' })]))
    await host.client.stop(...at, 1, fence)
    expect(existsSync(join(host.home.host, 'data/shop/production/finished'))).toBe(true)
  })

  test('reports a memory limit that the machine cannot enforce', async () => {
    const status = await settle(
      host,
      releaseOf(host, 1, good, [webService({ memory: 256 * 1024 * 1024 })]),
    )
    const [instance] = status.instances
    const groups = readFileSync(`/proc/${instance?.pid}/cgroup`, 'utf8')
    if (groups.includes('fairlead-')) expect(instance?.unlimited).toBeUndefined()
    else expect(instance?.unlimited).toContain('memory is not limited to 256 MB')
  })
})

test.each(['auto', 'off'])(
  'the files of a removed release stay until its command has ended, with isolation %s',
  async (isolation) => {
    const own = isolation === 'auto' ? host : await startHost({ FAIRLEAD_ISOLATION: isolation })
    const artifact = await own.artifact({ 'server.js': server('good'), 'late.sh': 'echo late' })
    await settle(own, releaseOf(own, 1, artifact))
    const place = { app: 'shop', environment: 'production' }
    const go = '"$FAIRLEAD_DATA_DIR/go"'
    await own.client.commands.start(place, 'key', {
      ...{ release: 1, service: null, timeout: 60_000 },
      run: `while [ ! -e ${go} ]; do sleep 0.02; done; sh late.sh; exit 3`,
    })
    await own.client.remove(...at, 1, fence)
    expect(await own.client.release(...at, 1, 0)).toBeNull()
    writeFileSync(join(own.home.host, 'data/shop/production/go'), '')
    const look = () => own.client.commands.look(place, 'key')
    await waitUntil('the command has ended', async () => (await look())?.end?.exit === 3)
    expect(await own.client.commands.output(place, 'key', 0, 0)).toMatchObject({ lines: ['late'] })
    await waitUntil(
      'the files are deleted',
      () =>
        !existsSync(join(own.home.host, 'releases/shop/production/1')) &&
        !existsSync(join(own.home.host, 'unpacked', artifact.slice(7))),
    )
    if (own !== host) await own.close()
  },
)

describe('fencing', () => {
  test('a caller with an older epoch changes nothing', async () => {
    await settle(host, releaseOf(host, 1, good, undefined, { fence: { deployment: 5, epoch: 3 } }))
    const old = { deployment: 5, epoch: 2 }
    for (const act of [
      () => host.client.route(...at, { release: 1, fence: old }),
      () => host.client.stop(...at, 1, old),
      () => host.client.remove(...at, 1, old),
      () => host.client.start(releaseOf(host, 1, good, undefined, { fence: old })),
    ])
      await expect(act()).rejects.toMatchObject({ code: 'overtaken' })
    expect(await host.client.release(...at, 1, 0)).toMatchObject({ state: 'ready', routed: false })
    await host.kill()
    await host.ensure()
    await expect(host.client.route(...at, { release: 1, fence: old })).rejects.toMatchObject({
      code: 'overtaken',
    })
    await host.client.route(...at, { release: 1, fence: { deployment: 5, epoch: 3 } })
    await host.client.route(...at, { release: 1, fence: { deployment: 4, epoch: 1 } })
    expect((await ask(host)).text).toBe('good')
  })
})

describe('the end of the host', () => {
  test('after kill -9 the next host adopts services, restarts dead ones', async () => {
    const stays = releaseOf(host, 1, good, [
      webService({ instances: 2 }),
      webService({ name: 'worker', run: 'exec sleep 1000', port: false }),
    ])
    await deploy(host, stays)
    const before = only(await host.client.status()).map(({ pid }) => pid)
    const port = only(await host.client.status())[0]?.port
    await host.kill()
    expect(before.every((pid) => isAlive(pid ?? 0))).toBe(true)
    process.kill(before[1] ?? 0, 'SIGKILL')
    await fetch(`http://127.0.0.1:${port}/say`)
    await host.ensure()
    await waitUntil('all are healthy', async () =>
      only(await host.client.status()).every(({ state }) => state === 'healthy'),
    )
    const after = only(await host.client.status()).map(({ pid }) => pid)
    expect([after[0], after[2]]).toEqual([before[0], before[2]])
    expect(after[1]).not.toBe(before[1])
    expect((await host.client.log(...at, 1, 'web', 10)).map(({ text }) => text)).toContain(
      'heard good',
    )
    expect((await ask(host)).text).toBe('good')
    // Adopted processes are watched like own ones.
    process.kill(after[0] ?? 0, 'SIGKILL')
    await waitUntil('it was started again', async () => {
      const [first] = only(await host.client.status())
      return first?.state === 'healthy' && first.pid !== after[0]
    })
  })

  /** A command that notes each of its runs in the data of the environment. */
  const noting = (more: string) => ({
    ...{ service: 'web', timeout: 60_000 },
    run: `echo begin >>$FAIRLEAD_DATA_DIR/notes; ${more}; echo end >>$FAIRLEAD_DATA_DIR/notes`,
  })
  const notes = (): string => {
    const file = join(host.home.host, 'data/shop/production/notes')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  test('a command before the start reaches a kept service, and outlives a kill -9', async () => {
    const listens = (await freePorts()) + 3
    const store = webService({ name: 'store', exclusive: { keeps: true, uses: [], listens } })
    const call = `node -e "fetch('http://127.0.0.1:${listens}/').then(async (r) => {
      console.log(await r.text(), process.getuid())})"`
    const wait = 'while [ ! -e $FAIRLEAD_DATA_DIR/go ]; do sleep 0.02; done'
    const spec = releaseOf(host, 1, good, [webService(), store], {
      before: noting(`${call}; ${wait}`),
    })
    await host.client.start(spec)
    await waitUntil('it runs', () => notes() === 'begin\n')
    await host.kill()
    await host.ensure()
    writeFileSync(join(host.home.host, 'data/shop/production/go'), '')
    const status = await settle(host, spec)
    expect(status).toMatchObject({ state: 'ready', before: { state: 'succeeded', code: 0 } })
    expect(notes()).toBe('begin\nend\n')
    const [line] = await host.client.log(...at, 1, 'before', 10)
    // As the user of the services, who owns their data.
    const { uid } = statSync(join(host.home.host, 'data/shop/production'))
    expect(line?.text).toBe(`good ${uid}`)
  })

  longTest('a command before the start never runs twice, whenever the host is killed', async () => {
    for (let moment = 0; moment < 30; moment += 1) {
      const spec = releaseOf(host, 1, good, [webService()], { before: noting('sleep 0.7') })
      await host.client.start(spec)
      await pause(moment * 10)
      await host.kill()
      await host.ensure()
      const { state, before } = await settle(host, spec)
      const seen = notes()
      const what = `killed after ${moment * 10} ms: ${JSON.stringify(before)}`
      expect(['', 'begin\nend\n'], what).toContain(seen)
      expect(before?.state, what).toBe(seen === '' ? 'unknown' : 'succeeded')
      expect(state).toBe(seen === '' ? 'failed' : 'ready')
      await host.client.removeEnvironment(...at)
      rmSync(join(host.home.host, 'data/shop/production'), { recursive: true, force: true })
    }
  })

  longTest('the maintenance page outlives the host, and ends without a server', async () => {
    await deploy(host, releaseOf(host, 1, good))
    const status = async (): Promise<number> => (await ask(host)).status
    const pages = (until: number | null) => ({
      pages: [{ app: 'shop', environment: 'production', until }],
    })
    await host.client.setMaintenance(pages(null))
    expect(await status()).toBe(503)
    const [before] = only(await host.client.status())
    await host.kill()
    await host.ensure()
    expect(await status()).toBe(503)
    await host.client.upgrade(selfCommand('host'))
    expect(await status()).toBe(503)
    const [after] = only(await host.client.status())
    expect(after?.pid).toBe(before?.pid)
    await host.client.setMaintenance(pages(Date.now() + 500))
    await waitUntil('the page has ended', async () => (await status()) === 200)
  })

  longTest('a service reads its switches, also after a kill and after a handover', async () => {
    const mail = {
      ...{ type: 'boolean' as const, default: { variant: 'on' } },
      variants: { on: true, off: false },
    }
    const artifact = await host.artifact({ 'server.js': switchReader })
    await deploy(host, releaseOf(host, 1, artifact, undefined, { switches: { mail } }))
    const [instance] = only(await host.client.status())
    const read = async (): Promise<unknown> =>
      (await fetch(`http://127.0.0.1:${instance?.port}/`)).json()
    const set = (version: string, variant: string) => {
      const setting = { serve: { variant }, split: [], keys: {} }
      const one = { app: 'shop', environment: 'production', name: 'mail', setting }
      return host.client.setSwitches({ version, settings: [one], taken: [] })
    }
    expect(await read()).toEqual({ file: true, api: true })
    const folder = join(host.home.host, 'switches/environments/shop/production')
    expect(existsSync(folder)).toBe(true)
    await set('1', 'off')
    expect(await read()).toEqual({ file: false, api: false })
    await host.kill()
    expect(await read()).toEqual({ file: false, api: 'fetch failed' })
    await host.ensure()
    expect(await read()).toEqual({ file: false, api: false })
    await host.client.upgrade(selfCommand('host'))
    expect(await host.client.switches()).toEqual({ version: '1', changes: [], rollouts: [] })
    const setting = { serve: { variant: 'on' }, split: [], keys: {} }
    await host.client.changeSwitch(...at, 'mail', { setting, reason: 'by hand' })
    expect(await read()).toMatchObject({ file: true })
    const wrong = host.client.changeSwitch(...at, 'mail', {
      ...{ setting: { ...setting, serve: { variant: 'no' } }, reason: '' },
    })
    await expect(wrong).rejects.toThrow('must be one of on, off')
    expect(await host.client.listSwitches(...at)).toMatchObject([{ name: 'mail', setting }])
    await set('2', 'on')
    await waitUntil('the former host has gone, or serves the change', async () => {
      const { file, api } = (await read()) as { file: boolean; api: boolean }
      return file && api
    })
    await host.client.removeEnvironment(...at)
    expect(existsSync(folder)).toBe(false)
  })

  test('SIGTERM leaves the services running', async () => {
    await deploy(host, releaseOf(host, 1, good))
    const [before] = only(await host.client.status())
    const { pid } = await host.client.status()
    process.kill(pid, 'SIGTERM')
    await waitUntil('the host has ended', () => !isAlive(pid))
    expect(isAlive(before?.pid ?? 0)).toBe(true)
    await expect(host.client.status()).rejects.toMatchObject({ code: 'unavailable' })
    await host.ensure()
    expect(only(await host.client.status())[0]?.pid).toBe(before?.pid)
  })

  test('the next host stops what should not run, and ends unknown processes', async () => {
    await settle(
      host,
      releaseOf(host, 1, good, [webService({ stop: { signal: 'SIGCONT', grace: 60_000 } })]),
    )
    const [instance] = only(await host.client.status())
    const stopping = host.client.stop(...at, 1, fence).catch((error: unknown) => error)
    await waitUntil(
      'it is stopping',
      async () => (await host.client.release(...at, 1, 0))?.state === 'stopping',
    )
    await host.kill()
    expect(await stopping).toBeInstanceOf(FairleadError)
    expect(isAlive(instance?.pid ?? 0)).toBe(true)
    const actual = join(host.home.host, 'state/shop.production.actual.json')
    writeFileSync(actual, '[]')
    await host.ensure()
    await waitUntil('the stray has ended', () => !isAlive(instance?.pid ?? 0))
  })

  test('only one of two hosts that start at the same time serves', async () => {
    await host.kill()
    const [one, two] = await Promise.all([host.ensure(), host.ensure()])
    expect(one).toBe(two)
  })

  test('a home with a long path has its socket in another folder', async () => {
    const root = join(host.home.root, 'long'.repeat(30))
    const home = homeFrom({ FAIRLEAD_HOME: root, FAIRLEAD_PORT: String(host.home.port + 5) })
    mkdirSync(root)
    makeHome(home)
    const { pid } = await ensureHost(home, { PATH: process.env['PATH'] })
    const client = createHostClient(home.hostSocket)
    expect((await client.status()).pid).toBe(pid)
    process.kill(pid, 'SIGTERM')
    await waitUntil('it has ended', () => !isAlive(pid))
    client.close()
  })
})

describe('under load', () => {
  test('the former release answers while the new one crashes, until it is stopped', async () => {
    await deploy(host, releaseOf(host, 1, good))
    await settle(host, releaseOf(host, 2, await host.artifact({ 'server.js': server('bad') })))
    const load = startLoad(host)
    await host.client.route(...at, { release: 2, fence })
    await waitUntil('the new one answers', async () => (await ask(host)).text === 'bad')
    const crash = (await host.client.status()).releases.find(({ release }) => release === 2)
    const top = crash?.instances[0]?.pid ?? 0
    for (const pid of [...childrenOf(top), top]) killIfAlive(pid)
    await waitUntil('the crash is known', async () => {
      const status = await host.client.release(...at, 2, 0)
      return status?.crashes === 1
    })
    expect(await host.client.release(...at, 2, 0)).toMatchObject({
      state: 'ready',
      lastCrash: expect.stringContaining('web was killed by SIGKILL'),
    })
    // The former release answers these.
    await load.sent(25)
    await host.client.route(...at, { release: 1, fence })
    await host.client.remove(...at, 2, fence)
    const { requests, wrong } = await load.stop()
    expect(wrong).toEqual([])
    expect(requests).toBeGreaterThan(25)
    expect((await host.client.status()).routes[0]).toMatchObject({ errors: 0, unavailable: 0 })
  })

  test('switches from release to release without one failed request', async () => {
    await deploy(host, releaseOf(host, 1, good, [webService({ instances: 2 })]))
    const load = startLoad(host)
    for (let release = 2; release <= 6; release += 1)
      await deploy(host, releaseOf(host, release, good, [webService({ instances: 2 })]))
    const { requests, wrong } = await load.stop()
    expect(wrong).toEqual([])
    expect(requests).toBeGreaterThan(100)
    const [route] = (await host.client.status()).routes
    expect(route).toMatchObject({ release: 6, errors: 0, unavailable: 0 })
  })

  longTest(
    'hands over to the next host during a deployment without one failed request',
    async () => {
      const port = host.home.edgePort + 7
      const route = { port, host: 'shop.production.localhost' }
      await deploy(host, releaseOf(host, 1, good, undefined, { route }))
      const before = await host.client.status()
      const load = startLoad(host)
      await host.client.upgrade(selfCommand('host'))
      const between = await host.client.status()
      expect(between.pid).not.toBe(before.pid)
      expect(only(between).map(({ pid }) => pid)).toEqual(only(before).map(({ pid }) => pid))
      await Promise.all([
        deploy(host, releaseOf(host, 2, good, undefined, { route })),
        host.client.upgrade(selfCommand('host')),
      ])
      const { requests, wrong } = await load.stop()
      expect(wrong).toEqual([])
      expect(requests).toBeGreaterThan(100)
      expect(await fetch(`http://127.0.0.1:${port}/`).then((response) => response.text())).toBe(
        'good',
      )
      expect((await host.client.status()).releases.find(({ routed }) => routed)?.release).toBe(2)
      await waitUntil(
        'the hosts before have gone',
        () => !isAlive(before.pid) && !isAlive(between.pid),
        40,
      )
    },
  )

  test('a host that fails to take over leaves the former host in charge', async () => {
    await deploy(host, releaseOf(host, 1, good))
    const before = await host.client.status()
    await expect(host.client.upgrade([process.execPath, '-e', 'process.exit(4)'])).rejects.toThrow()
    expect((await host.client.status()).pid).toBe(before.pid)
    const [instance] = only(before)
    process.kill(instance?.pid ?? 0, 'SIGKILL')
    await waitUntil('it still supervises', async () => {
      const [now] = only(await host.client.status())
      return now?.state === 'healthy' && now.pid !== instance?.pid
    })
  })
})

describe('a canary', () => {
  const read = async (after = 0, wait = 0) => host.client.observations(...at, 2, after, wait)
  const route = (share: number | null, more: Partial<HostCanary> = {}) =>
    host.client.route(...at, {
      release: 1,
      fence,
      ...(share === null ? {} : { canary: { release: 2, share, ...more } }),
    })
  const counted = async () => {
    const sums = { baseline: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } }
    for (const batch of (await read()).batches)
      for (const arm of ['baseline', 'canary'] as const) {
        sums[arm].requests += batch[arm].requests
        sums[arm].errors += batch[arm].errors
      }
    return sums
  }
  const start = async () => {
    await deploy(host, releaseOf(host, 1, good))
    const bad = await host.artifact({ 'server.js': server('bad') })
    await settle(host, releaseOf(host, 2, bad))
  }
  const asked = async (times: number, path = '/x') => {
    const texts: string[] = []
    for (let i = 0; i < times; i += 1) texts.push((await ask(host, path)).text)
    return texts
  }

  test('gets its share at random, and each request is counted once for its release', async () => {
    await start()
    await route(0.5)
    const texts = await asked(200)
    const canary = texts.filter((text) => text === 'bad').length
    expect(canary).toBeGreaterThan(60)
    expect(canary).toBeLessThan(140)
    await route(0.9)
    await asked(20)
    const batches: Batch[] = []
    let next = 0
    await waitUntil('all is counted', async () => {
      const found = await read(next, 200)
      next = found.next
      batches.push(...found.batches)
      return (
        batches.reduce((sum, one) => sum + one.canary.requests + one.baseline.requests, 0) === 220
      )
    })
    const before = batches.filter(({ share }) => share === 0.5)
    expect(before.reduce((sum, one) => sum + one.canary.requests, 0)).toBe(canary)
    expect(new Set(batches.map(({ share }) => share))).toEqual(new Set([0.5, 0.9]))
    expect(before.reduce((sum, one) => sum + one.baseline.bytes, 0)).toBeGreaterThan(60 * 4)
    for (const { canary: arm } of batches)
      expect(arm.latency.reduce((sum, [, count]) => sum + count, 0)).toBe(arm.requests)
  })

  test('cannot be stopped while it has a share, and loses its share immediately', async () => {
    await start()
    await route(0.99)
    await expect(host.client.stop(...at, 2, fence)).rejects.toThrow('has the traffic')
    await route(null)
    expect(new Set(await asked(30))).toEqual(new Set(['good']))
    await host.client.stop(...at, 2, fence)
  })

  test('that refuses connections is counted as failing, and the baseline answers', async () => {
    await start()
    await route(0.99)
    const pid = only(await host.client.status()).at(-1)?.pid ?? 0
    const all = [pid, ...childrenOf(pid)]
    for (const one of all) process.kill(one, 'SIGSTOP')
    // Children first: they die with their parent, and then no process has their id.
    for (const one of all.toReversed()) process.kill(one, 'SIGKILL')
    const texts = await asked(20)
    expect(texts.slice(0, 3)).toEqual(['good', 'good', 'good'])
    // The canary may be started again meanwhile.
    expect(texts.filter((text) => text !== 'good' && text !== 'bad')).toEqual([])
    await waitUntil('the refusals are counted', async () =>
      (await read()).batches.some(
        ({ canary }) => (canary.outcomes['refused'] ?? 0) > 0 && canary.errors > 0,
      ),
    )
  })

  test('gets whole sessions, each counted once, and as failed with its first error', async () => {
    await deploy(host, releaseOf(host, 1, good))
    await settle(host, releaseOf(host, 2, await host.artifact({ 'server.js': server('bad') })))
    await route(0.5, { session: { header: 'X-Account' } })
    const answers = new Map<string, Set<string>>()
    for (let i = 0; i < 300; i += 1) {
      const account = `account-${i % 60}`
      // The first request of a session goes well, and later ones of every other one fail.
      const path = i >= 60 && i % 2 === 0 ? '/fail' : '/x'
      const { text } = await exchange(host, path, { headers: { 'x-account': account } })
      answers.set(account, (answers.get(account) ?? new Set()).add(text))
    }
    expect([...answers.values()].every((texts) => texts.size === 1)).toBe(true)
    const canaries = [...answers.values()].flatMap((texts, i) =>
      texts.has('bad') ? [{ fails: i % 2 === 0 }] : [],
    )
    const errors = canaries.filter(({ fails }) => fails).length
    expect(errors).toBeGreaterThan(5)
    const all = {
      baseline: { requests: 60 - canaries.length, errors: 30 - errors },
      canary: { requests: canaries.length, errors },
    }
    await waitUntil('all is counted', async () => {
      const { baseline, canary } = await counted()
      return baseline.errors + canary.errors === 30
    })
    expect(await counted()).toEqual(all)
    // Who was counted is known to the next host, too.
    process.kill((await host.client.status()).pid, 'SIGKILL')
    await ensureHost(host.home, { PATH: process.env['PATH'] })
    for (let i = 0; i < 60; i += 1)
      await exchange(host, '/fail', { headers: { 'x-account': `account-${i}` } })
    // Requests are counted in their order: once a new session is, the others would be, too.
    await exchange(host, '/x', { headers: { 'x-account': 'another' } })
    await route(0)
    await waitUntil('the new session is counted', async () => {
      const { baseline, canary } = await counted()
      return baseline.requests + canary.requests > 60
    })
    const { baseline, canary } = await counted()
    expect(baseline.requests + canary.requests).toBe(61)
    expect(baseline.errors).toBe(all.baseline.errors)
    expect(canary.errors).toBe(all.canary.errors)
  })

  longTest('identifies sessions by a cookie of the edge when the app has none', async () => {
    await start()
    await route(0.5, { session: {} })
    const first = await exchange(host, '/x')
    const cookie = String(first.headers['set-cookie'])
    expect(cookie).toMatch(/^fairlead-session=[\w-]{16}; Path=\/; HttpOnly; SameSite=Lax$/)
    for (let i = 0; i < 20; i += 1) {
      const again = await exchange(host, '/x', {
        headers: { cookie: `a=b; ${cookie.split(';')[0]}` },
      })
      expect(again.text).toBe(first.text)
      expect(again.headers['set-cookie']).toBeUndefined()
    }
    // By the thorough path as well: a chunked upload.
    const other = await exchange(host, '/x', {
      method: 'POST',
      headers: { 'transfer-encoding': 'chunked' },
      body: 'x',
    })
    expect(String(other.headers['set-cookie'])).toMatch(/^fairlead-session=/)
  })

  test('is compared with a fresh start of its predecessor, by route', async () => {
    await start()
    await settle(host, { ...releaseOf(host, 1, good), release: -1 })
    await route(0.25, { fresh: -1, routes: { pay: '/pay' } })
    for (let i = 0; i < 200; i += 1)
      await ask(host, ['/pay', '/pay/now?x=1', '/payments', '/x'][i % 4])
    await waitUntil('all is counted', async () => {
      const { baseline, canary } = await counted()
      return baseline.requests + canary.requests > 60
    })
    const { batches } = await read()
    const { baseline, canary } = await counted()
    // Half of all is compared, in equal parts; the rest is what the old instances serve.
    expect(baseline.requests + canary.requests).toBeLessThan(140)
    expect(new Set(batches.map(({ share }) => share))).toEqual(new Set([0.5]))
    const routes = batches.flatMap((one) => [
      one.baseline.routes?.['pay']?.[0] ?? 0,
      one.canary.routes?.['pay']?.[0] ?? 0,
    ])
    const paid = routes.reduce((sum, one) => sum + one, 0)
    expect(paid).toBeGreaterThan(0.3 * (baseline.requests + canary.requests))
    expect(paid).toBeLessThan(0.7 * (baseline.requests + canary.requests))
    await expect(host.client.stop(...at, -1, fence)).rejects.toThrow('has the traffic')
    await route(null)
    await host.client.remove(...at, -1, fence)
  })

  test('returns its metrics from its port, or from a file without a port', async () => {
    const files = {
      'server.js': `require('node:http').createServer((request, response) => response.end(
        request.url === '/metrics' ? 'jobs_total 7\\njobs_seconds_bucket{le="1"} 2\\nother 1\\n' : 'well')).listen(process.env.PORT, '127.0.0.1')`,
      'worker.js': `require('node:fs').writeFileSync(process.env.FAIRLEAD_METRICS_FILE, 'jobs_total 9\\n'); setInterval(() => {}, 1000)`,
    }
    const spec = releaseOf(host, 1, await host.artifact(files))
    const worker = { ...spec.services[0]!, name: 'worker', run: 'exec node worker.js', port: false }
    await settle(host, { ...spec, services: [...spec.services, worker] })
    await waitUntil('both say something', async () => {
      const said = await host.client.expositions(...at, 1, '/metrics', {
        names: ['jobs_total', 'jobs_seconds'],
      })
      return said.every(({ text }) => text?.includes('jobs_total'))
    })
    const said = await host.client.expositions(...at, 1, '/metrics', {
      names: ['jobs_total', 'jobs_seconds'],
    })
    expect(said.map(({ instance, text }) => [instance.split('/')[0], text])).toEqual([
      ['web', 'jobs_total 7\njobs_seconds_bucket{le="1"} 2'],
      ['worker', 'jobs_total 9'],
    ])
    const elsewhere = { names: ['jobs_total'] }
    expect((await host.client.expositions(...at, 1, '/elsewhere', elsewhere))[0]?.text).toBe('')
    const all = await host.client.expositions(...at, 1, '/metrics', { service: 'web' })
    expect(all.map(({ text }) => text?.split('\n').length)).toEqual([4])
  })

  longTest('continues to be counted after a kill and after a handover of the host', async () => {
    await start()
    await route(0.5)
    await asked(50)
    const total = async () =>
      (await read()).batches.reduce(
        (sum, one) => sum + one.canary.requests + one.baseline.requests,
        0,
      )
    await waitUntil('the first are settled', async () => (await total()) === 50)
    process.kill((await host.client.status()).pid, 'SIGKILL')
    await ensureHost(host.home, { PATH: process.env['PATH'] })
    expect(await total()).toBe(50)
    await waitUntil('both serve', async () => new Set(await asked(20)).size === 2)
    const slow = ask(host, '/slow')
    await waitUntil('it is in progress', async () =>
      (await host.client.status()).routes.some(({ traffic }) =>
        traffic?.some(({ open }) => open > 0),
      ),
    )
    const known = await total()
    await host.client.upgrade(selfCommand('host'))
    await slow
    await waitUntil(
      'the host that gave way counts what it began',
      async () => (await total()) > known,
    )
  })
})

test('the host serves its own metrics to this machine only', async () => {
  const headers = { host: 'metrics.localhost' }
  const { status, text, headers: said } = await exchange(host, '/metrics', { headers })
  expect(status).toBe(200)
  expect(said['content-type']).toContain('application/openmetrics-text')
  expect(text.endsWith('# EOF\n')).toBe(true)
  const far = { headers: { ...headers, 'x-forwarded-for': '192.0.2.1' } }
  expect((await exchange(host, '/metrics', far)).status).toBe(404)
  expect((await host.client.status()).routes.map(({ app }) => app)).not.toContain('')
})
