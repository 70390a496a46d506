import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
const names = ['web-1', 'web-2', 'web-3']

/** Seconds that a connection or a catch-up may take, also on a busy machine. */
const patience = 240

describe('an environment on three hosts', requires('sshd'), () => {
  let ssh: SshMachines
  let installation: Installation
  let repository: Repository
  let port = 0
  let shop: TrustedBy

  const states = async () =>
    (await installation.client.listHosts()).hosts.flatMap(({ name, state }) =>
      names.includes(name) ? [state] : [],
    )
  const areConnected = () =>
    waitFor(
      'all hosts are connected',
      async () => (await states()).every((state) => state === 'connected'),
      patience,
    )
  const file = (more: string): string =>
    [
      'services: {web: {run: exec node server.js, health: /health}}',
      'environments:',
      `  production: {target: {kind: process, hosts: [${names.join(', ')}], away: 10s}`,
      `    , port: ${port}${more}}`,
      'monitors:',
      `  shop: {http: "https://localhost:${shop.port}", every: 1s, failures: 2`,
      '    , from: [web-1, web-2, web-3]}',
    ].join('\n')
  const begin = async (code: string, more = ''): Promise<number> => {
    await repository.commit({ 'fairlead.yaml': file(more), 'server.js': code })
    await push(installation, app, repository)
    const [run] = (await installation.client.listRuns({ query: { app, limit: 1 } })).runs
    return run!.id
  }
  const deliver = async (code: string, more = '') =>
    endedRun(installation, await begin(code, more), 300)

  /** What the edge of each host answers. */
  const answers = () =>
    Promise.all(
      names.map(async (_name, i) => {
        const response = await fetch(`http://127.0.0.${i + 2}:${port}`).catch(() => null)
        return response === null ? 'nothing' : response.text()
      }),
    )
  const allAnswer = (text: string) =>
    waitFor(
      `every host answers ${text}`,
      async () => (await answers()).every((one) => one === text),
      patience,
    )

  const kill = async (pattern: string): Promise<void> => {
    for (const pid of await pidsOf(pattern)) process.kill(pid, 'SIGKILL')
  }
  const disconnect = async (index: number): Promise<void> => {
    await ssh.machines[index]!.stop()
    await kill(`fairlead-hosts-${installation.pid()}-.*${names[index]}`)
    await waitFor('the host is away', async () => (await states())[index] !== 'connected', patience)
  }

  beforeAll(async () => {
    ssh = await startSshMachines(names)
    installation = await startInstallation({ env: { FAIRLEAD_SSH_CONFIG: ssh.config } })
    port = await freePorts()
    shop = await trustedBy(ssh.folder, await freePorts())
    repository = await makeRepository({ 'server.js': server('one'), 'fairlead.yaml': file('') })
    for (const [i, name] of names.entries()) {
      const { fingerprint } = await installation.client.readHostKey({
        query: { destination: name },
      })
      await installation.client.addHost({
        body: {
          ...{ name, destination: name, fingerprint, folder: join(ssh.folder, `host-${i}`) },
          labels: i === 2 ? [] : ['east'],
          settings: {
            FAIRLEAD_EDGE_LISTEN: `127.0.0.${i + 2}`,
            FAIRLEAD_EDGE_PORT: String(await freePorts()),
          },
        },
      })
    }
    await areConnected()
    for (const [i, name] of names.entries()) {
      const trusted = shop.authorities(join(ssh.folder, `${name}.pem`), i)
      const folder = join(ssh.folder, `host-${i}`)
      appendFileSync(join(folder, 'settings'), `\nNODE_EXTRA_CA_CERTS=${trusted}\n`)
      await kill(`${folder}/versions/.* host$`)
    }
    await areConnected()
  }, 400_000)
  afterAll(async () => {
    await installation?.stop()
    shop?.stop()
    if (ssh) await kill(`${ssh.folder}/`)
    await ssh?.remove()
    // Three installations of Fairlead are deleted.
  }, 240_000)

  test('gets a release on all hosts, which verify runs on', async () => {
    const verify = ', verify: "curl -fsS $FAIRLEAD_URL >> verified; test $(wc -l < verified) -le 3"'
    expect(await deliver(server('one\n'), verify)).toMatchObject({ state: 'succeeded' })
    expect(await answers()).toEqual(['one\n', 'one\n', 'one\n'])
    const { instances, urls } = await installation.client.getEnvironment({ params: place })
    expect(instances.map(({ host, state }) => [host, state])).toEqual(
      names.map((name) => [name, 'healthy']),
    )
    expect(urls.length).toBeGreaterThan(0)
    const log = await installation.cli('environment', app, 'production')
    expect(log.stdout).toContain('web.0 on web-2')
  })

  test('has a monitor that is down when most hosts say so, and degraded when some do', async () => {
    const find = async () => {
      const { monitors } = await installation.client.listMonitors({ query: { app } })
      return monitors.find((one) => one.name === 'shop')
    }
    const becomes = (state: string, reason: RegExp) =>
      expect
        .poll(find, { timeout: 60_000 })
        .toMatchObject({ state, reason: expect.stringMatching(reason) })
    await becomes('up', /^$/)
    shop.use(2)
    await becomes('degraded', /^down from 1 of 3 hosts \(web-3\): .*certificate/)
    const partial = await find()
    expect(partial!.hosts.map(({ state }) => state)).toEqual(['up', 'up', 'down'])
    shop.use(1)
    await becomes('down', /^down from 2 of 3 hosts \(web-3, web-2\): /)
    const shown = await installation.cli('monitors', 'show', app, String(partial!.id))
    expect(shown.stdout).toMatch(/from web-1 +up\n/)
    expect(shown.stdout).toMatch(/from web-3 +down +/)
    // The server cannot ask one of them: of the others, one says down.
    await disconnect(2)
    await becomes('degraded', /^down from 1 of 2 hosts \(web-2\): .*; nothing is known from web-3$/)
    shop.use(3)
    await becomes('up', /^$/)
    await ssh.machines[2]!.start()
    await areConnected()
  })

  test('has its hosts as the machines of a playbook', requires('ansible'), async () => {
    const key = join(installation.home, 'ssh-key')
    writeFileSync(key, ssh.key)
    const set = ['secret', 'set', app, 'production', 'SSH_KEY', '--from-file', key]
    expect((await installation.cli(...set)).stderr).toBe('')
    await waitFor('the secret is deployed', async () => {
      const { current } = await installation.client.getEnvironment({ params: place })
      return current?.kind === 'configuration'
    })
    const write = {
      copy: {
        content: '{{ group_names | join }}',
        dest: `${ssh.folder}/is-{{ inventory_hostname }}`,
      },
    }
    const playbook = [{ hosts: 'production', gather_facts: false, tasks: [write] }]
    await repository.commit({ 'site.yml': JSON.stringify(playbook) })
    const machines =
      '{playbook: site.yml, target_hosts: true, groups: east, key: SSH_KEY, plan: false}'
    expect((await deliver(server('one\n'), `, machines: ${machines}`)).reason).toBeNull()
    const textOf = (name: string): string | null =>
      existsSync(join(ssh.folder, `is-${name}`))
        ? readFileSync(join(ssh.folder, `is-${name}`), 'utf8')
        : null
    expect(names.map(textOf)).toEqual(['eastproduction', 'eastproduction', null])
  })

  test('goes back everywhere when a host vanishes before the switch', async () => {
    const run = await begin(server('never'), ', verify: "touch began; sleep 8"')
    await waitFor('it verifies', async () => {
      const { pending } = await installation.client.getEnvironment({ params: place })
      return pending.some(({ state }) => state === 'verifying')
    })
    const load = ask(answers)
    await disconnect(2)
    expect(await endedRun(installation, run, 300)).toMatchObject({ state: 'failed' })
    expect(await answers()).toEqual(['one\n', 'one\n', 'one\n'])
    expect(await load.seen()).toEqual(['one\n'])
    await ssh.machines[2]!.start()
    await areConnected()
    await waitFor('nothing else runs', async () => (await releasesRunning()) === 3, patience)
  })

  /** Releases that run, over all hosts. */
  const releasesRunning = async (): Promise<number> =>
    (await installation.client.listHosts()).hosts
      .flatMap(({ name, status }) => (names.includes(name) ? (status?.releases ?? []) : []))
      .filter(({ state }) => state === 'ready' || state === 'starting').length

  test('goes on without a host that is away for long, which catches up', async () => {
    await disconnect(2)
    await new Promise((resolve) => setTimeout(resolve, 10_000)) // the time that it may be away
    expect(await deliver(server('two'))).toMatchObject({ state: 'succeeded' })
    expect(await answers()).toEqual(['two', 'two', 'one\n'])
    await ssh.machines[2]!.start()
    await allAnswer('two')
    await waitFor('nothing else runs', async () => (await releasesRunning()) === 3, patience)
  })

  test('judges a canary by the requests of all edges, and takes it back everywhere', async () => {
    const before = await answers()
    const load = ask(answers)
    const canary = ', strategy: canary, canary: {steps: [30], least: 5s, most: 60s}, watch: 0s'
    const run = await deliver(server('bad', 2), canary)
    await load.seen()
    expect(run).toMatchObject({ state: 'failed' })
    expect(await answers()).toEqual(before)
    const [deployment] = (
      await installation.client.listDeployments({ query: { ...place, limit: 1 } })
    ).deployments
    expect(deployment?.state).toBe('rolled_back')
    const params = { deployment: deployment!.id }
    const { judgement, history } = await installation.client.getVerdict({ params })
    const [first, last] = [history[0]!, history.at(-1)!]
    const countOf = ({ requests }: typeof first): number => requests.baseline + requests.canary
    const counted = countOf(last) - countOf(first)
    const rounds = load.asked(Date.parse(first.at), Date.parse(last.at))
    console.log(`${counted} requests in ${rounds} rounds: ${judgement.reason}`)
    expect(judgement.verdict).toBe('harmful')
    // More than the edge of any one host has seen in this time.
    expect(rounds).toBeGreaterThan(0)
    expect(counted).toBeGreaterThan(rounds)
  })

  test('has no mixture after the server or a host process is killed', async () => {
    for (const [i, moment] of [...Array(4).keys()].entries()) {
      const text = `kill-${i}`
      const load = ask(answers)
      const run = await begin(server(text))
      await new Promise((resolve) => setTimeout(resolve, 700 * moment)) // another moment each time
      await installation.killServer()
      const [host] = await pidsOf(`${ssh.folder}/host-${i % 3}/versions/.* host$`)
      if (i % 2 === 0 && host !== undefined) process.kill(host, 'SIGKILL')
      await installation.start()
      const { state } = await endedRun(installation, run, 300)
      expect(new Set(await answers()).size).toBe(1)
      if (state === 'succeeded') await allAnswer(text)
      await waitFor('nothing else runs', async () => (await releasesRunning()) === 3, patience)
      const failed = (await load.seen()).filter((one) => one === 'nothing' || one === '')
      console.log(`killed after ${700 * moment} ms: ${state}, ${load.asked()} rounds of requests`)
      if (i % 2 === 1) expect(failed).toEqual([])
    }
  })

  test('goes on without a host that is drained, and no request fails', async () => {
    expect(await deliver(server('before'))).toMatchObject({ state: 'succeeded' })
    await allAnswer('before')
    // A client that asks the next host when one accepts no connection, as load balancers do.
    const agent = new Agent({ keepAlive: true })
    const failures: string[] = []
    const load = ask(async () => {
      for (const [i] of names.entries()) {
        const answer = await get(agent, `http://127.0.0.${i + 2}:${port}`)
        if (answer !== 'refused' && answer !== '200') failures.push(`web-${i + 1}: ${answer}`)
      }
      return []
    })
    expect(await installation.cli('hosts', 'drain', 'web-1')).toMatchObject({ code: 0 })
    await waitFor('nothing answers there', async () => (await answers())[0] === 'nothing', patience)
    const { hosts } = await installation.client.listHosts()
    expect(hosts.find(({ name }) => name === 'web-1')?.drained).not.toBeNull()
    expect(await deliver(server('after'))).toMatchObject({ state: 'succeeded' })
    expect(await answers()).toEqual(['nothing', 'after', 'after'])
    const exec = ['exec', app, 'production']
    const ran = await installation.cli(...exec, '--', 'echo ran')
    expect([ran.stdout, ran.stderr]).toEqual(['ran\n', expect.stringContaining('host web-2')])
    const chosen = await installation.cli(...exec, '--host', 'web-3', '--', 'echo ran')
    expect([chosen.stdout, chosen.stderr]).toEqual(['ran\n', expect.stringContaining('host web-3')])
    const unknown = await installation.cli(...exec, '--host', 'web-9', '--', 'echo ran')
    expect(unknown.stderr).toContain('web-9 is not one of several hosts')
    const drains = ['web-2', 'web-3'].map((host) => installation.cli('hosts', 'drain', host))
    const refused = (await Promise.all(drains)).filter(({ code }) => code !== 0)
    expect(refused).toHaveLength(1)
    expect(refused[0]?.stderr).toContain('No other host would serve production of shop')
    for (const name of names) await installation.cli('hosts', 'undrain', name)
    await allAnswer('after')
    await load.seen()
    agent.destroy()
    expect(failures).toEqual([])
    expect(load.asked()).toBeGreaterThan(100)
  })

  const hasNothing = (host: string) =>
    waitFor(`${host} has nothing`, async () => {
      const { hosts } = await installation.client.listHosts()
      return hosts.find(({ name }) => name === host)?.status?.releases.length === 0
    })

  test('moves to the hosts with a label, and leaves nothing on the other', async () => {
    const labelled = file('').replace('hosts: [web-1, web-2, web-3]', 'labels: [front]')
    const deliverThere = async (text = 'fewer') => {
      await repository.commit({ 'fairlead.yaml': labelled, 'server.js': server(text) })
      await push(installation, app, repository)
      const [run] = (await installation.client.listRuns({ query: { app, limit: 1 } })).runs
      return endedRun(installation, run!.id, 300)
    }
    expect(await deliverThere()).toMatchObject({
      ...{ state: 'failed', reason: expect.stringContaining('needs a host with the label front') },
    })
    for (const name of ['web-1', 'web-2'])
      expect(await installation.cli('hosts', 'label', name, 'front')).toMatchObject({ code: 0 })
    expect(await deliverThere()).toMatchObject({ state: 'succeeded' })
    const [first, second] = await answers()
    expect([first, second]).toEqual(['fewer', 'fewer'])
    await hasNothing('web-3')
    // The label of one host only, and of two again.
    expect(await installation.cli('hosts', 'label', 'web-2')).toMatchObject({ code: 0 })
    expect(await deliverThere('alone')).toMatchObject({ state: 'succeeded' })
    await hasNothing('web-2')
    await waitFor('clients that were connected there are refused', async () => {
      const [one, other] = await answers()
      return one === 'alone' && other === 'nothing'
    })
    expect(await installation.cli('hosts', 'label', 'web-2', 'front')).toMatchObject({ code: 0 })
    expect(await deliverThere('both')).toMatchObject({ state: 'succeeded' })
    expect((await answers()).slice(0, 2)).toEqual(['both', 'both'])
  })
})

/** The status of an answer; `refused` when there is no connection, as for a port that is closed. */
const get = (agent: Agent, url: string): Promise<string> =>
  new Promise((resolve) => {
    const sent = request(url, { agent }, (response) => {
      response.resume().once('end', () => resolve(String(response.statusCode)))
    })
    sent.once('error', ({ code, message }: NodeJS.ErrnoException) =>
      resolve(code === 'ECONNREFUSED' ? 'refused' : message),
    )
    sent.end()
  })

/** An HTTPS server whose certificate some hosts trust. */
interface TrustedBy {
  port: number
  /** writes the certificates that a host trusts; returns the file */
  authorities(file: string, host: number): string
  /** from now on, only the first so many hosts trust it */
  use(hosts: number): void
  stop(): void
}

async function trustedBy(folder: string, port: number): Promise<TrustedBy> {
  const all = [1, 2, 3].map((hosts) => ({ hosts, ...localCertificate(folder, `shop-${hosts}`) }))
  const optionsOf = (hosts: number) => all.find((one) => one.hosts === hosts)!
  const https = createServer(optionsOf(3), (_request, response) => response.end('ok'))
  await new Promise<void>((resolve) => https.listen(port, '127.0.0.1', resolve))
  return {
    port,
    authorities: (file, host) => {
      const trusted = all.filter(({ hosts }) => host < hosts)
      writeFileSync(file, trusted.map(({ cert }) => cert).join(''))
      return file
    },
    use: (hosts) => https.setSecureContext(optionsOf(hosts)),
    stop: () => https.close(),
  }
}

/** A certificate for localhost that signs itself. OpenSSL finds an authority by its subject. */
function localCertificate(folder: string, subject: string): { cert: string; key: string } {
  const [key, cert] = ['key', 'pem'].map((kind) => join(folder, `${subject}.${kind}`))
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const names = ['-subj', `/CN=${subject}`, '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', [...words, ...names, '-keyout', key!, '-out', cert!], { stdio: 'pipe' })
  return { cert: readFileSync(cert!, 'utf8'), key: readFileSync(key!, 'utf8') }
}

async function pidsOf(pattern: string): Promise<number[]> {
  const found = new RegExp(pattern)
  return (await processes())
    .filter(({ command }) => found.test(command.join(' ').trim()))
    .map(({ pid }) => pid)
}

/** Asks all hosts again and again until it is wanted what they answered. */
function ask(request: () => Promise<string[]>) {
  const seen = new Set<string>()
  let isOver = false
  const asked: number[] = []
  const work = (async () => {
    while (!isOver) {
      asked.push(Date.now())
      for (const one of await request()) seen.add(one)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  return {
    /** rounds that began in this time, in milliseconds since 1970 */
    asked: (from = 0, until = Infinity) => asked.filter((at) => at >= from && at <= until).length,
    seen: async () => {
      isOver = true
      await work
      return [...seen]
    },
  }
}
