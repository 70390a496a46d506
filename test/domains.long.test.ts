import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { type Pebble, startPebble } from './support/pebble.ts'
import { freePorts } from './support/ports.ts'
import { processOf } from './support/processes.ts'
import { requires } from './support/programs.ts'
import { makeRepository, type Repository, tinyServer } from './support/repository.ts'
import { waitFor } from './support/wait.ts'

const file = (domains: string[]): string => `
services: {web: {run: exec node server.js, health: /}}
environments: {production: {domains: [${domains.join(', ')}]}}
`

describe('domains with certificates of a real authority', requires('pebble'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-domains-'))
  let pebble: Pebble
  let installation: Installation
  let repository: Repository
  let edge = 0
  beforeAll(async () => {
    const own = await freePorts()
    edge = own + 80
    pebble = await startPebble(folder, { own, http: edge, tls: edge + 1 })
    writeFileSync(join(folder, 'ca.pem'), pebble.ca)
    installation = await startInstallation({
      env: {
        FAIRLEAD_EDGE_PORT: String(edge),
        FAIRLEAD_EDGE_HTTPS_PORT: String(edge + 1),
        FAIRLEAD_ACME_AGREE: 'yes',
        FAIRLEAD_ACME_URL: pebble.url,
        FAIRLEAD_ACME_CA: join(folder, 'ca.pem'),
      },
    })
    repository = await makeRepository({
      'server.js': tinyServer('one'),
      'fairlead.yaml': file(['shop.example.com']),
    })
  })
  afterAll(async () => {
    await installation.stop()
    await repository.remove()
    pebble.stop()
    rmSync(folder, { recursive: true })
  })

  const certificates = async () => {
    const params = { app: 'shop', environment: 'production' }
    return (await installation.client.getEnvironment({ params })).certificates
  }
  const alerts = async () => (await installation.client.listAlerts({ query: {} })).alerts
  /** Ends the host; the next one has looked for orders that are due when this returns. */
  const killHost = async (): Promise<void> => {
    const pid = await processOf(installation, 'host')
    process.kill(pid, 'SIGKILL')
    const killed = Date.now()
    const newest = () => processOf(installation, 'host').catch(() => pid)
    await waitFor('the next host', async () => (await newest()) !== pid)
    await waitFor('the next host answers', async () => (await certificates())[0]?.next !== null)
    await waitFor('its first seconds are over', async () => Date.now() - killed > 5000)
  }

  test('a host that is killed in the middle of an order does not order again at once', async () => {
    const held = pebble.hold()
    await push(installation, 'shop', repository)
    await endedRun(installation, 1)
    await held.asked
    await killHost()
    held.release()
    expect(pebble.orders()).toBe(1)
    const [one] = await certificates()
    expect(one).toMatchObject({ state: 'unknown', expires: null, problem: null })
    expect(Date.parse(one?.next ?? '') - Date.now()).toBeGreaterThan(60_000)
  })

  test('the next order brings HTTPS', async () => {
    const record = join(installation.home, 'host/certificates/shop.example.com.json')
    const stored = JSON.parse(readFileSync(record, 'utf8')) as object
    writeFileSync(record, JSON.stringify({ ...stored, nextAt: 0 }))
    await killHost()
    await waitFor('the certificate', async () => (await certificates())[0]?.state === 'up')
    expect(pebble.orders()).toBe(2)
    const answer = await overTls('shop.example.com')
    expect(answer).toMatchObject({ status: 200, issuer: expect.stringContaining('Pebble') })
    expect(await certificates()).toMatchObject([
      { domain: 'shop.example.com', issuer: answer.issuer, problem: null },
    ])
    const { stdout } = await installation.cli('environment', 'shop', 'production')
    expect(stdout).toMatch(/shop\.example\.com +up +until \d{4}-.* by .*Pebble/)
    expect(await withoutTls('shop.example.com')).toEqual([
      308,
      `https://shop.example.com:${edge + 1}/`,
    ])
    // The order that the kill interrupted may have opened one.
    await waitFor('no alert is open', async () =>
      (await alerts()).every(({ state }) => state === 'resolved'),
    )
  })

  test('a domain that the authority refuses opens an alert until it is gone', async () => {
    const names = ['shop.example.com', 'blocked.example.com']
    await repository.commit({ 'fairlead.yaml': file(names) }, 'Add a domain')
    await push(installation, 'shop', repository)
    await endedRun(installation, 2)
    await waitFor('the alert', async () => (await alerts())[0]?.state === 'open')
    expect((await alerts())[0]).toMatchObject({
      title: 'The certificate of blocked.example.com is missing or not renewed',
    })
    expect(await certificates()).toMatchObject([
      { domain: 'shop.example.com', state: 'up' },
      { state: 'down', problem: expect.stringMatching(/^the authority refuses .*blocked/i) },
    ])
    await repository.commit({ 'fairlead.yaml': file(names.slice(0, 1)) }, 'Remove the domain')
    await push(installation, 'shop', repository)
    await endedRun(installation, 3)
    await waitFor('its end', async () => (await alerts())[0]?.state === 'resolved')
    expect(await certificates()).toHaveLength(1)
  })

  const overTls = (servername: string): Promise<{ status: number; issuer: string }> =>
    new Promise((resolve, reject) => {
      const place = { host: '127.0.0.1', port: edge + 1, path: '/', rejectUnauthorized: false }
      requestTls({ ...place, servername, headers: { host: servername } }, (response) => {
        const { issuer } = (response.socket as TLSSocket).getPeerCertificate()
        response.resume()
        resolve({ status: response.statusCode ?? 0, issuer: String(issuer.O ?? issuer.CN) })
      })
        .on('error', reject)
        .end()
    })

  const withoutTls = (host: string): Promise<[number, string]> =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: edge, path: '/', headers: { host } }, (response) => {
        response.resume()
        resolve([response.statusCode ?? 0, String(response.headers.location)])
      })
        .on('error', reject)
        .end()
    })
})
