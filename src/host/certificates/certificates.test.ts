import { execFileSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { certificateFor } from '../../../test/support/certificate.ts'
import { type CertificatePem, covers, readCertificate } from './certificate.ts'
import { ownCertificates } from './own.ts'
import { certificateRequest, selfSigned } from './x509.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-certificates-'))
afterAll(() => rmSync(folder, { recursive: true }))
const day = 86_400_000

describe('certificates', () => {
  test('are read with their names and times', () => {
    const read = readCertificate(certificateFor('Shop.example.com', 30))
    expect(read.names).toEqual(['shop.example.com'])
    expect(Math.round((read.expires - read.begins) / day)).toBe(31)
  })

  test.each<[Partial<CertificatePem>, string]>([
    [{ chain: 'nonsense' }, 'the certificate is not valid PEM'],
    [{ key: 'secret nonsense' }, 'the key is not a PEM key without a password'],
    [{ key: certificateFor('b.example').key }, 'the key does not belong to the certificate'],
  ])('with %o are refused in one sentence', (part, sentence) => {
    expect(() => readCertificate({ ...certificateFor('a.example'), ...part })).toThrow(sentence)
  })

  test.each([
    ['shop.example.com', true],
    ['a.example.org', true],
    ['example.org', false],
    ['a.b.example.org', false],
    ['localhost', false],
  ])('for names and any one label cover %s: %s', (name, isCovered) => {
    expect(covers(['shop.example.com', '*.example.org'], name)).toBe(isCovered)
  })

  test('have times that Node reads as they were written, also after 2049', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const seconds = fc.integer({ min: 0, max: 3e9 })
    fc.assert(
      fc.property(seconds, seconds, (begins, length) => {
        const times = { begins: begins * 1000, expires: (begins + length) * 1000 }
        const read = new X509Certificate(selfSigned('a.example', privateKey, times))
        expect(read.validFromDate.getTime()).toBe(times.begins)
        expect(read.validToDate.getTime()).toBe(times.expires)
      }),
      { numRuns: 30 },
    )
  })

  test('are requested in the form that OpenSSL reads', () => {
    const { key } = certificateFor('a.example')
    const names = ['shop.example.com', `${'long-label.'.repeat(20)}example.org`]
    const input = certificateRequest(names, createPrivateKey(key))
    const args = ['req', '-inform', 'DER', '-noout', '-verify', '-text']
    const text = execFileSync('openssl', args, { input, encoding: 'utf8', stdio: 'pipe' })
    for (const name of names) expect(text).toContain(`DNS:${name}`)
  })
})

describe('own certificates', () => {
  let problems: Record<string, unknown>[]
  const write = (name: string, pair: CertificatePem, mode = 0o600): void => {
    mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, name, 'fullchain.pem'), pair.chain)
    writeFileSync(join(folder, name, 'privkey.pem'), pair.key)
    chmodSync(join(folder, name, 'privkey.pem'), mode)
  }
  const open = () => {
    const own = ownCertificates(folder, (_, fields) => problems.push(fields ?? {}))
    own.refresh()
    return own
  }
  beforeEach(() => {
    problems = []
    for (const name of ['one', 'two']) rmSync(join(folder, name), { recursive: true, force: true })
  })

  test('are found by their names, the one that expires last first', () => {
    write('one', certificateFor('*.example.com', 10))
    write('two', certificateFor('shop.example.com', 40))
    const own = open()
    expect(own.find('shop.example.com')?.names).toEqual(['shop.example.com'])
    expect(own.find('api.example.com')?.names).toEqual(['*.example.com'])
    expect(own.find('example.com')).toBeNull()
  })

  test('are replaced when the files are', () => {
    write('one', certificateFor('a.example', 10))
    const own = open()
    const before = own.find('a.example')
    own.refresh()
    expect(own.find('a.example')).toBe(before)
    write('one', certificateFor('a.example', 50))
    own.refresh()
    expect(own.find('a.example')?.expires).toBeGreaterThan(before?.expires ?? Infinity)
  })

  test('stay while the new files cannot be read, which is logged once', () => {
    write('one', certificateFor('a.example', 10))
    const own = open()
    write('one', { ...certificateFor('a.example'), key: 'half a file' })
    own.refresh()
    own.refresh()
    expect(own.find('a.example')).not.toBeNull()
    expect(problems).toMatchObject([{ error: 'the key is not a PEM key without a password' }])
    expect(JSON.stringify(problems)).not.toContain('half a file')
  })

  test('need a key that not everybody can read', () => {
    write('one', certificateFor('a.example'), 0o644)
    expect(open().find('a.example')).toBeNull()
    expect(problems).toMatchObject([{ error: expect.stringContaining('run chmod 600 on it') }])
  })
})
