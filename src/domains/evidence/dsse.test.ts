import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, verify as verifySignature } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Envelope } from '#contract/evidence/evidence.ts'
import { pae, publicKey, sign, verify } from './dsse.ts'

const pair = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const mine = { id: 'mine', key: pair.privateKey }
const trusted = [
  { id: 'other', key: other.publicKey },
  { id: 'mine', key: pair.publicKey },
]

describe('an envelope', () => {
  test('signs the example of the specification', () => {
    expect(pae('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    )
    expect(pae('', Buffer.alloc(0)).toString()).toBe('DSSEv1 0  0 ')
  })

  test('encodes the bytes of the protocol’s test vector', () => {
    const coordinate = (decimal: string): string =>
      Buffer.from(BigInt(decimal).toString(16).padStart(64, '0'), 'hex').toString('base64url')
    const x = coordinate(
      '46950820868899156662930047687818585632848591499744589407958293238635476079160',
    )
    const y = coordinate(
      '5640078356564379163099075877009565129882514886557779369047442380624545832820',
    )
    const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
    const sig =
      'A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=='
    const isSigned = (body: string): boolean =>
      verifySignature(
        'sha256',
        pae('http://example.com/HelloWorld', Buffer.from(body)),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(sig, 'base64'),
      )
    expect([isSigned('hello world'), isSigned('hello worlds')]).toEqual([true, false])
  })

  test('is verified by OpenSSL', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-dsse-'))
    try {
      const envelope = sign('application/vnd.in-toto+json', Buffer.from('{"a":1}'), mine)
      writeFileSync(join(folder, 'pub.pem'), pair.publicKey.export({ type: 'spki', format: 'pem' }))
      writeFileSync(
        join(folder, 'pae'),
        pae(envelope.payloadType, Buffer.from(envelope.payload, 'base64')),
      )
      writeFileSync(join(folder, 'sig'), Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64'))
      const args = [
        'pkeyutl',
        '-verify',
        '-pubin',
        '-inkey',
        'pub.pem',
        '-rawin',
        '-in',
        'pae',
        '-sigfile',
        'sig',
      ]
      expect(execFileSync('openssl', args, { cwd: folder, encoding: 'utf8' })).toContain(
        'Verified Successfully',
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('law: returns any payload, for any key name and either alphabet', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), (type, payload) => {
        const envelope = sign(type, payload, mine)
        const url = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_')
        const [signature] = envelope.signatures
        const changed = {
          ...envelope,
          payload: url(envelope.payload),
          signatures: [{ keyid: 'a lie', sig: url(signature?.sig ?? '') }],
        }
        for (const one of [envelope, changed])
          expect(verify(one, trusted)).toEqual({
            ok: true,
            payload: Buffer.from(payload),
            key: 'mine',
          })
      }),
      { numRuns: 50 },
    )
  })

  test('law: is refused when any bit changes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1 }),
        fc.nat(),
        fc.constantFrom('payload', 'sig', 'type'),
        (payload, at, where) => {
          const envelope = sign('type', payload, mine)
          const flip = (text: string): string => {
            const bytes = Buffer.from(text, 'base64')
            const index = at % bytes.length
            bytes[index] = (bytes[index] ?? 0) ^ (1 << (at % 8))
            return bytes.toString('base64')
          }
          const [signature] = envelope.signatures
          const changed: Envelope = {
            payloadType: where === 'type' ? 'typo' : envelope.payloadType,
            payload: where === 'payload' ? flip(envelope.payload) : envelope.payload,
            signatures: [
              { sig: where === 'sig' ? flip(signature?.sig ?? '') : (signature?.sig ?? '') },
            ],
          }
          expect(verify(changed, trusted)).toMatchObject({
            ok: false,
            problem: expect.stringContaining('no trusted key signed it'),
          })
        },
      ),
      { numRuns: 50 },
    )
  })

  test('is valid if one of its signatures is by a trusted key', () => {
    const [signature] = sign('t', Buffer.from('x'), mine).signatures
    const envelope = { payloadType: 't', payload: 'eA==', signatures: [{ sig: 'AAAA' }, signature] }
    expect(verify(envelope, trusted)).toMatchObject({ ok: true, key: 'mine' })
    expect(verify(envelope, trusted.slice(0, 1))).toMatchObject({ ok: false })
  })

  test.each([
    ['nothing', null],
    ['no signatures', { payloadType: 't', payload: '', signatures: [] }],
    [
      'a payload that is no base64',
      { payloadType: 't', payload: '%%', signatures: [{ sig: 'AAAA' }] },
    ],
    [
      'a signature that is no base64',
      { payloadType: 't', payload: 'eA==', signatures: [{ sig: '%%' }] },
    ],
    ['a number', { payloadType: 1, payload: 'eA==', signatures: [{ sig: 'AAAA' }] }],
  ])('with %s is a problem and no exception', (_what, given) =>
    expect(verify(given, trusted).ok).toBe(false),
  )

  test('needs an Ed25519 key', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
      type: 'spki',
      format: 'pem',
    })
    expect(() => publicKey(rsa.toString())).toThrow('for rsa; Fairlead signs with Ed25519')
    expect(() => publicKey('hello')).toThrow('It is not a PEM public key')
  })
})
