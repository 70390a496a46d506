import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Pebble, startPebble } from '../../../test/support/pebble.ts'
import { requires } from '../../../test/support/programs.ts'
import { createEdge, type Edge } from '../edge/edge.ts'
import { orderCertificate, type ProofKind } from './acme.ts'
import { Certificates } from './certificates.ts'
import { ObtainedCertificates } from './obtained.ts'

const day = 86_400_000

describe('certificates of a real authority', requires('pebble'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-acme-'))
  let pebble: Pebble
  let edge: Edge
  let certificates: Certificates
  let obtained: ObtainedCertificates
  let now = Date.now()
  const problems: unknown[] = []
  const portOf = (name: string): number =>
    (edge.sockets().get(name)?.address() as AddressInfo | undefined)?.port ?? 0
  const open = () =>
    new ObtainedCertificates({
      ...{ folder: join(folder, 'certificates'), now: () => now, random: () => 0.5 },
      authority: { url: pebble.url, email: 'ops@example.com', ca: pebble.ca },
      log: (_, fields) => void problems.push(fields),
    })

  const use = (one: ObtainedCertificates): void => {
    obtained = one
    certificates = new Certificates({
      ...{ folder: null, obtained, domains: () => edge.domains(), log: () => undefined },
    })
  }

  beforeAll(async () => {
    edge = createEdge({
      ...{ address: '127.0.0.1', log: () => undefined, random: Math.random },
      https: {
        port: 0,
        certificates: {
          contextFor: (name) => certificates.contextFor(name),
          proofAt: (name, path) => obtained.proofAt(name, path),
          proofFor: (name) => obtained.proofFor(name),
          isProving: () => obtained.isProving(),
        },
      },
    })
    await edge.listen(0, new Map())
    const ports = { own: await freePort(), http: portOf('edge'), tls: portOf('https') }
    pebble = await startPebble(folder, ports)
    use(open())
  }, 300_000)
  afterAll(async () => {
    pebble.stop()
    await edge.close(0)
    rmSync(folder, { recursive: true })
  })

  test.each<[ProofKind]>([['http-01'], ['tls-alpn-01']])('are ordered with %s', async (kind) => {
    const name = `${kind}.example.com`
    const [key, accountKey] = [keyPair(), keyPair()]
    const used: string[] = []
    const chain = await orderCertificate(
      { url: pebble.url, email: null, ca: pebble.ca },
      {
        ...{ name, key, accountKey, preferred: kind, signal: AbortSignal.timeout(60_000) },
        prove: (proof) => {
          if (proof) used.push(proof.kind)
          obtained.prove(proof)
        },
      },
    )
    expect(used).toEqual([kind])
    const certificate = new X509Certificate(chain)
    expect(certificate.subjectAltName).toBe(`DNS:${name}`)
    expect(certificate.checkPrivateKey(key)).toBe(true)
    expect(obtained.isProving()).toBe(false)
  })

  test('serve domains, outlive the host, and are renewed early', async () => {
    edge.set({
      ...{ app: 'shop', environment: 'production', host: 'shop.production.localhost', port: null },
      ...{ release: 1, services: [] },
      domains: ['a.example.com', 'b.example.com'].map((name) => ({ name, http: 'redirect' })),
    })
    for (let i = 0; i < 4; i += 1) await obtained.tick(edge.domains())
    expect(problems).toEqual([])
    const serial = await served('b.example.com')
    expect(await served('a.example.com')).not.toBe(serial)
    expect(certificates.status()).toMatchObject([{ problem: null }, { problem: null }])
    const next = open()
    expect(next.find('b.example.com')?.names).toEqual(['b.example.com'])
    now += 55 * day
    await next.tick(['b.example.com'])
    use(next)
    expect(await served('b.example.com')).toBe(serial)
    now += 5 * day
    await next.tick(['b.example.com'])
    expect(await served('b.example.com')).not.toBe(serial)
    for (const file of readdirSync(join(folder, 'certificates')))
      expect(statSync(join(folder, 'certificates', file)).mode & 0o777).toBe(0o600)
    expect(problems).toEqual([])
  })

  test('that are refused have the words of the authority, and the next order waits', async () => {
    await obtained.tick(['blocked.example.com'])
    expect(obtained.orderOf('blocked.example.com').problem).toMatch(
      /^the authority refuses the certificate: .*blocked/i,
    )
    const count = problems.length
    await obtained.tick(['blocked.example.com'])
    expect(problems).toHaveLength(count)
  })

  const served = (servername: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const place = { host: '127.0.0.1', port: portOf('https'), rejectUnauthorized: false }
      const socket = connect({ ...place, servername }, () => {
        resolve(socket.getPeerCertificate().serialNumber)
        socket.destroy()
      })
      socket.on('error', reject)
    })
})

const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
