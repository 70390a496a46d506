import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { endedRun, push } from './support/app.ts'
import { server } from './support/canary.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { freePorts } from './support/ports.ts'
import { processes } from './support/processes.ts'
import { requires } from './support/programs.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { type SshMachines, startSshMachines } from './support/sshd.ts'
import { waitFor } from './support/wait.ts'

const app = 'shop'
const place = { app, environment: 'production' }

/** Seconds that a connection may take, also on a busy machine. */
const patience = 120

describe('a host on another machine', requires('sshd'), () => {
  let ssh: SshMachines
  let installation: Installation
  let repository: Repository
  let folder = ''
  let address = ''
  let edgePort = 0
  let fingerprint = ''

  const state = async () =>
    (await installation.client.listHosts()).hosts.find(({ name }) => name === 'web-1')
  const isConnected = () =>
    waitFor('the host is connected', async () => (await state())?.state === 'connected', patience)
  const file = (more = ''): string =>
    [
      'services: {web: {run: exec node server.js, health: /health}}',
      'monitors: {home: {http: /}, files: {command: test -f server.js}}',
      'environments:',
      `  production: {target: {kind: process, host: web-1}${more}}`,
    ].join('\n')
  const deliver = async (version: string, more = '') => {
    await repository.commit({ 'fairlead.yaml': file(more), 'server.js': server(version) })
    await push(installation, app, repository)
    const [run] = (await installation.client.listRuns({ query: { app, limit: 1 } })).runs
    return endedRun(installation, run!.id, 120)
  }
  const answer = async (): Promise<string> => (await fetch(address)).text()

  /** The processes of services that the marker of this host names. */
  const services = async (): Promise<number[]> => {
    const id = readFileSync(join(folder, 'host/id'), 'utf8')
    return (await processes())
      .filter(({ command }) => command[0] === 'node' && command[1] === 'server.js')
      .filter(({ environment }) => environment.some((variable) => variable.includes(`${id}/`)))
      .map(({ pid }) => pid)
  }

  beforeAll(async () => {
    ssh = await startSshMachines(['web-1'])
    folder = join(ssh.folder, 'host')
    edgePort = await freePorts()
    installation = await startInstallation({ env: { FAIRLEAD_SSH_CONFIG: ssh.config } })
    repository = await makeRepository({ 'server.js': server('one'), 'fairlead.yaml': file() })
  })
  afterAll(async () => {
    await installation?.stop()
    for (const pid of await pidsOf(`${folder}/`)) process.kill(pid, 'SIGKILL')
    await ssh?.remove()
  })

  test('is installed over SSH when its key is the expected one', async () => {
    const asked = await installation.cli('hosts', 'add', 'web-1', '--folder', folder)
    expect(asked.code).toBe(1)
    fingerprint = /SHA256:[A-Za-z0-9+/]{43}/.exec(asked.stderr)![0]
    const settings = ['--set', `FAIRLEAD_EDGE_PORT=${edgePort}`]
    const add = (key: string) =>
      installation.cli(
        ...['hosts', 'add', 'web-1', '--folder', folder, ...settings, '--fingerprint', key],
      )
    const other = await add(`SHA256:${'A'.repeat(43)}`)
    expect(other.stderr).toContain(`The key of web-1 is ${fingerprint}, not SHA256:AAAA`)
    const began = performance.now()
    const added = await add(fingerprint)
    console.log(`installed in ${Math.round(performance.now() - began)} ms`)
    expect(added, JSON.stringify(await state())).toMatchObject({ code: 0 })
    expect(added.stdout).toContain('web-1  connected')
    const { stdout } = await installation.cli('hosts')
    expect(stdout).toMatch(/web-1 +connected +web-1/)
    expect(await state()).toMatchObject({ fingerprint, folder, address: '127.0.0.1' })
  })

  test('runs a release, and gets only what is missing', async () => {
    const run = await deliver('one', ', verify: "curl -fsS $FAIRLEAD_URL"')
    expect(run).toMatchObject({ state: 'succeeded' })
    expect((await state())?.status?.releases).toMatchObject([{ app, routed: true }])
    const blobs = readdirSync(join(folder, 'host/artifacts/blobs/sha256'))
    expect(blobs.filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(3)
    const { urls } = await installation.client.getEnvironment({ params: place })
    address = urls[0] ?? ''
    expect(await answer()).toBe('one')
    await waitFor('its monitors are up', async () => {
      const { monitors } = await installation.client.listMonitors({ query: { app } })
      return ['home', 'files'].every((name) =>
        monitors.some((one) => one.name === name && one.state === 'up'),
      )
    })
  })

  test('goes on when its connection, its host process or the server is killed', async () => {
    const [service] = await services()
    const requests = ask(answer)
    for (const pid of await pidsOf(`fairlead-hosts-${installation.pid()}-`))
      process.kill(pid, 'SIGKILL')
    await waitFor('the loss is noticed', async () => (await state())?.state !== 'connected')
    await isConnected()
    expect(await requests.failures()).toEqual([])

    await installation.killServer()
    await waitFor(
      'the connection ends with the server',
      async () => (await pidsOf('fairlead-hosts-.*exec cat')).length === 0,
    )
    expect(await answer()).toBe('one')
    await installation.start()
    await isConnected()

    const [host] = await pidsOf(`${folder}/versions/.* host$`)
    process.kill(host!, 'SIGKILL')
    await waitFor('another host serves', async () => {
      const [other] = await pidsOf(`${folder}/versions/.* host$`)
      const text = await answer().catch(() => '')
      return other !== undefined && other !== host && text === 'one'
    })
    expect(service).toBeGreaterThan(0)
    expect(await services()).toEqual([service])
    await isConnected()
  })

  test('is upgraded without a failed request', async () => {
    const { version } = await makeOlder(folder)
    const database = await openDatabase({ connection: installation.connection, size: 1 })
    await database.query(sql`update host set package = ${older} where name = 'web-1'`)
    await database.close()
    await waitFor('the host is outdated', async () => (await state())?.isOutdated === true)
    await isConnected()
    expect((await installation.cli('doctor')).stdout).toContain('fairlead hosts upgrade web-1')
    const [service] = await services()
    const requests = ask(answer)
    const upgraded = await installation.cli('hosts', 'upgrade', 'web-1')
    expect(upgraded.code, upgraded.stderr).toBe(0)
    await waitFor(
      'the new version serves',
      async () => (await pidsOf(`${folder}/versions/${version}/.* host`)).length === 1,
    )
    await waitFor(
      'the old one has ended',
      async () => (await pidsOf(`${folder}/versions/${older}/`)).length === 0,
      patience,
    )
    expect(await requests.failures()).toEqual([])
    expect(requests.asked()).toBeGreaterThan(20)
    console.log(`0 of ${requests.asked()} requests failed`)
    expect(await services()).toEqual([service])
    expect(await state()).toMatchObject({ isOutdated: false, state: 'connected' })
  })

  test('gets the next release, goes back, and shows the maintenance page', async () => {
    expect(await deliver('two')).toMatchObject({ state: 'succeeded' })
    expect(await answer()).toBe('two')
    const back = await installation.cli('rollback', app, 'production')
    expect(back.code, back.stderr).toBe(0)
    await waitFor('the former release answers', async () => (await answer()) === 'one')
    const on = await installation.cli('maintenance', 'on', app, 'production', '--reason', 'a test')
    expect(on.stdout).not.toContain('does not answer')
    expect((await fetch(address)).status).toBe(503)
    await installation.cli('maintenance', 'off', app, 'production')
    expect(await answer()).toBe('one')
  })

  test('has an alert on failures that only its edge has seen', async () => {
    const load = ask(answer)
    // What is normal is known after the first minute.
    await waitFor('requests were judged', async () => load.asked() > 3600, patience)
    await fetch(`${address}/turn-bad`)
    const began = performance.now()
    await waitFor(
      'it is an alert',
      async () =>
        (await installation.client.listAlerts({ query: { app } })).alerts.some(
          ({ title, state }) => title.includes('fails requests') && state === 'open',
        ),
      patience,
    )
    console.log(`alert after ${Math.round(performance.now() - began)} ms`)
    await load.failures()
    const { monitors } = await installation.client.listMonitors({ query: { app } })
    expect(monitors.find(({ kind }) => kind === 'errors')?.state).not.toBe('up')
  })

  test('keeps its release when it is unreachable, and another key is refused', async () => {
    await ssh.machines[0]!.stop()
    for (const pid of await pidsOf(`fairlead-hosts-${installation.pid()}-`))
      process.kill(pid, 'SIGKILL')
    await waitFor(
      'the host is away',
      async () => (await state())?.state === 'unreachable',
      patience,
    )
    expect(await answer()).toBe('one')
    expect((await state())?.reason).toContain('web-1')
    const alert = async () =>
      (await installation.client.listAlerts({ query: {} })).alerts.find(
        ({ title }) => title === 'The host web-1 does not answer',
      )?.state
    await waitFor('it is an alert', async () => (await alert()) === 'open', patience)
    expect((await installation.cli('doctor')).stdout).toMatch(/problem +hosts +web-1: /)
    await ssh.machines[0]!.start()
    await isConnected()
    await waitFor('the alert ends', async () => (await alert()) === 'resolved', patience)

    await ssh.machines[0]!.stop()
    await ssh.machines[0]!.start('other key')
    for (const pid of await pidsOf(`fairlead-hosts-${installation.pid()}-`))
      process.kill(pid, 'SIGKILL')
    await waitFor('the key is refused', async () => (await state())?.state === 'failed', patience)
    expect((await state())?.reason).toContain('its host key is not the one')
    expect(await answer()).toBe('one')
    await ssh.machines[0]!.stop()
    await ssh.machines[0]!.start()
    await isConnected()
  })

  test('hands a service that never runs twice over to another machine, or refuses to', async () => {
    const isWorker = ({ command }: { command: string[] }): boolean =>
      command.join(' ').trim() === 'sleep 98712'
    const workers = async () => (await processes()).filter(isWorker)
    const id = readFileSync(join(folder, 'host/id'), 'utf8')
    const areThere = async (): Promise<boolean[]> =>
      (await workers()).map(({ environment }) => environment.some((one) => one.includes(`${id}/`)))
    const move = async (target: string, more = '', services = '') => {
      const file = [
        'services:',
        '  web: {run: exec node server.js, health: /health}',
        `  worker: {run: exec sleep 98712, single: true}${services}`,
        `environments: {production: {target: ${target}${more}}}`,
      ].join('\n')
      await repository.commit({ 'fairlead.yaml': file })
      await push(installation, app, repository)
      const [run] = (await installation.client.listRuns({ query: { app, limit: 1 } })).runs
      return endedRun(installation, run!.id, 240)
    }
    const remote = '{kind: process, host: web-1}'
    let most = 0
    let isOver = false
    const watch = (async () => {
      while (!isOver) {
        most = Math.max(most, (await workers()).length)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })()

    expect(await move(remote)).toMatchObject({ state: 'succeeded' })
    expect(await areThere()).toEqual([true])
    expect(await move('process', ', verify: exit 1')).toMatchObject({ state: 'failed' })
    await waitFor('it runs again there', async () => (await areThere()).join() === 'true')

    await ssh.machines[0]!.stop()
    for (const pid of await pidsOf(`fairlead-hosts-${installation.pid()}-`))
      process.kill(pid, 'SIGKILL')
    const silent = await move('process')
    expect(silent).toMatchObject({ state: 'failed' })
    expect(silent.reason).toContain('worker must never run twice at once, and may still run on')
    expect(silent.reason).toContain('fairlead hosts remove web-1 --forget')
    expect(await areThere()).toEqual([true])
    await ssh.machines[0]!.start()
    await isConnected()

    expect(await move('process')).toMatchObject({ state: 'succeeded' })
    expect(await areThere()).toEqual([false])
    isOver = true
    await watch
    expect(most).toBe(1)

    const data = '\n  store: {run: sleep 98713, keeps: true, uses: []}'
    expect(await move('process', '', data)).toMatchObject({ state: 'succeeded' })
    const kept = await move(remote, '', data)
    expect(kept).toMatchObject({ state: 'failed' })
    expect(kept.reason).toContain('store keeps data, which does not move with a release')
    expect(await move('process')).toMatchObject({ state: 'succeeded' })
    expect(await deliver('three')).toMatchObject({ state: 'succeeded' })
  })

  test('is removed when it holds nothing', async () => {
    const refused = await installation.cli('hosts', 'remove', 'web-1')
    expect(refused.stderr).toContain('Environments are on the host web-1')
    await installation.client.deleteApp({ params: { app } })
    await waitFor('nothing is on the host', async () => {
      const removed = await installation.cli('hosts', 'remove', 'web-1')
      return removed.code === 0
    })
    expect(existsSync(folder)).toBe(false)
    expect(await pidsOf(folder)).toEqual([])
    expect(await state()).toBeUndefined()
  })
})

/** The processes whose command line matches. */
async function pidsOf(pattern: string): Promise<number[]> {
  const found = new RegExp(pattern)
  return (await processes())
    .filter(({ command }) => found.test(command.join(' ').trim()))
    .map(({ pid }) => pid)
}

const older = '0.1.0-older'

/** Runs a copy of the installed version, whose name is another one, instead of it. */
async function makeOlder(folder: string): Promise<{ version: string }> {
  const version = basename(readlinkSync(join(folder, 'current')))
  const script = `set -e; cd "$1"; cp -a "versions/$2" "versions/$3"; ln -sfn "versions/$3" current
    set -a; . ./settings; set +a; new=$(cd current && pwd -P)
    "$(readlink -f "$new/node")" "$new/node_modules/fairlead/$(cat "$new/entry")" host --upgrade
    rm -rf "versions/$2"`
  await promisify(execFile)('sh', ['-c', script, 'sh', folder, version, older])
  return { version }
}

/** Asks again and again until the failures are wanted. */
function ask(request: () => Promise<string>) {
  const failures: string[] = []
  let isOver = false
  let asked = 0
  const work = (async () => {
    while (!isOver) {
      asked += 1
      await request().catch((error: Error) => failures.push(error.message))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  return {
    asked: () => asked,
    failures: async () => {
      isOver = true
      await work
      return failures
    },
  }
}
