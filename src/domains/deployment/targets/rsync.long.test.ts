import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '#platform/clock.ts'
import { createLogger } from '#platform/log.ts'
import { createHostClient } from '#platform/process/host-client.ts'
import { sshVariables } from '#platform/ssh/ssh.ts'
import { requires } from '../../../../test/support/programs.ts'
import { packSite, siteRelease } from '../../../../test/support/site.ts'
import { type SshMachines, startSshMachines } from '../../../../test/support/sshd.ts'
import type { ReleaseSpec, Target, TargetIo } from '../target.ts'
import rsyncTarget from './rsync.ts'
import { noRemote } from '../../../../test/support/host.ts'

describe('a site on another machine', requires('sshd', 'rsync'), () => {
  const root = mkdtempSync(join(tmpdir(), 'fairlead-rsync-'))
  const layout = join(root, 'artifacts')
  let ssh: SshMachines
  let www: string
  let io: TargetIo
  beforeAll(async () => (ssh = await startSshMachines(['web-1', 'web-2'])))
  afterAll(async () => {
    await ssh.remove()
    rmSync(root, { recursive: true, force: true })
  })
  beforeEach(() => {
    www = mkdtempSync(join(root, "www it's-"))
    io = {
      artifacts: layout,
      host: createHostClient(join(root, 'no-host.sock')),
      remote: noRemote,
      ...{ edgePort: 0, machine: {}, keepFree: 0, publishFolders: [], buckets: new Map() },
      ...{
        ssh: { config: ssh.config, env: sshVariables(process.env) },
        remoteFolders: [`web-1:${www}`],
        failures: new Map(),
      },
      fetch,
      clock: systemClock,
      log: createLogger(() => undefined),
    }
  })

  const open = (folder = `web-1:${www}/shop`): Target => rsyncTarget.open({ folder }, io)
  const inShop = (...names: string[]): string => join(www, 'shop', ...names)
  const published = (): string => readFileSync(inShop('current', 'index.html'), 'utf8')

  const release = async (number: number, text: string, epoch = 1): Promise<ReleaseSpec> =>
    siteRelease(number, await packSite(layout, { 'index.html': text, 'logo.svg': '<svg/>' }), epoch)
  async function deployed(number: number, text: string): Promise<ReleaseSpec> {
    const spec = await release(number, text)
    await open().start(spec)
    await open().route(spec, spec.fence)
    return spec
  }

  test('is switched by one link; files of the same size and other content are copied', async () => {
    await deployed(1, 'one')
    await deployed(2, 'two')
    expect(published()).toBe('two')
    expect(readlinkSync(inShop('current'))).toBe('releases/2')
    expect(readFileSync(inShop('releases', '1', 'index.html'), 'utf8')).toBe('one')
    const inode = (number: string) => statSync(inShop('releases', number, 'logo.svg')).ino
    expect(inode('2')).toBe(inode('1'))
  })

  test('is not touched by a server that was replaced', async () => {
    await deployed(1, 'one')
    const two = await release(2, 'two', 1)
    await open().start(two)
    const newer = { ...two, fence: { deployment: 2, epoch: 2 } }
    await open().start(newer)
    await expect(open().route(two, two.fence)).rejects.toMatchObject({ code: 'overtaken' })
    expect(published()).toBe('one')
    await open().route(newer, newer.fence)
    expect(published()).toBe('two')
  })

  test('is changed by several servers at once, and no change is lost', async () => {
    const specs = await Promise.all([1, 2, 3].map((number) => release(number, `text ${number}`)))
    await Promise.all(specs.map((spec) => open().start(spec)))
    for (const spec of specs) expect((await open().report(spec, 0)).state).toBe('ready')
    expect(readdirSync(inShop()).filter((name) => name.startsWith('.draft'))).toEqual([])
  })

  test('is finished after a server that died during the copy', async () => {
    await deployed(1, 'one')
    mkdirSync(inShop('.draft-2-2-1'))
    writeFileSync(inShop('.draft-2-2-1', 'half.html'), 'half')
    const two = await release(2, 'two', 2)
    await open().start(two)
    await open().route(two, two.fence)
    expect(readdirSync(inShop('releases', '2')).toSorted()).toEqual(['index.html', 'logo.svg'])
    await open().remove({ ...two, release: 1 }, two.fence)
    expect(readdirSync(inShop('releases'))).toEqual(['2'])
  })

  test('belongs to one environment, inside the allowed folders', async () => {
    const one = await deployed(1, 'one')
    const other = { ...one, app: 'books' }
    const places = [`web-1:${www}/shop`, `web-1:${www}/shop/deep`, `web-1:${www}/../evil`]
    for (const place of [...places, `web-1:${www}`, `web-2:${www}/shop`]) {
      await open(place).start(other)
      expect((await open(place).report(other, 0)).state, place).toBe('failed')
      await open(place).removeEnvironment(other)
    }
    expect(published()).toBe('one')
    expect(existsSync(join(root, 'evil'))).toBe(false)
  })

  test('fails for a machine with another key, and waits for one that is away', async () => {
    const [web] = ssh.machines
    const spec = await release(1, 'one')
    const known = join(root, 'ssh_config')
    const text = readFileSync(ssh.config, 'utf8')
    const strange = ssh.machines[1]?.hostKey ?? ''
    writeFileSync(join(root, 'strange'), `[127.0.0.1]:${web?.port} ${strange}\n`)
    writeFileSync(
      known,
      text.replaceAll(/UserKnownHostsFile .*/g, `UserKnownHostsFile ${root}/strange`),
    )
    io.ssh = { config: known, env: sshVariables(process.env) }
    await new Promise((resolve) => setTimeout(resolve, 21_000)) // the open connection ends
    await open().start(spec)
    expect((await open().report(spec, 0)).reason).toContain(
      'host key is not the one in known_hosts',
    )
    io.ssh = { config: ssh.config, env: sshVariables(process.env) }
    await web?.stop()
    await expect(open().start(spec)).rejects.toMatchObject({ code: 'unavailable' })
    await web?.start()
    await open().start(spec)
    expect((await open().report(spec, 0)).state).toBe('ready')
  })
})
