import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readReference, referenceProblem } from './references.ts'
import { sources } from './sources.generated.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-sources-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(sources)('the secret source $kind', (source) => {
  const { place, settings } = source.example
  const failing = () => Promise.reject(new Error('no network in this test'))
  const io = { env: settings, fetch: failing, signal: AbortSignal.timeout(5000) }

  test('has a unique kind and a title', () => {
    expect(sources.filter(({ kind }) => kind === source.kind)).toEqual([source])
    expect(source.kind).toMatch(/^[a-z][a-z0-9-]*$/)
    expect(source.title).toMatch(/^[A-Z]/)
  })

  test('accepts its example, and no place that is empty', () => {
    const reference = `${source.kind}:${place}`
    expect(referenceProblem(reference, settings)).toBeNull()
    expect(referenceProblem(`${source.kind}:`, settings)).toBe('must name a place')
  })

  test('names each setting that is missing', () => {
    for (const missing of Object.keys(settings)) {
      const env = { ...settings, [missing]: undefined }
      expect(source.problem(place, env)).toMatch(/^the server has (no|neither) /)
      expect(source.problem(place, env)).toContain(missing)
    }
  })

  test('fails with a reason, without the credentials in its settings', async () => {
    const error = await source.read(place, io).catch((problem: Error) => problem)
    expect(error).toBeInstanceOf(Error)
    const text = JSON.stringify(error, Object.getOwnPropertyNames(error))
    for (const [name, value] of Object.entries(settings))
      if (name.endsWith('TOKEN')) expect(text).not.toContain(value)
  })
})

describe('a reference to a secret', () => {
  const secrets = join(folder, 'secrets')
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    FAIRLEAD_SECRETS_DIR: secrets,
    FAIRLEAD_SECRETS_COMMAND: join(folder, 'lookup.sh'),
    VAULT_TOKEN: 'vault-token',
  }
  let server: Server
  let refusals = 0
  let namespaces: (string | undefined)[] = []
  const read = (reference: string): Promise<string> => readReference(reference, { env, fetch })

  beforeAll(async () => {
    mkdirSync(join(secrets, '..data'), { recursive: true })
    writeFileSync(join(secrets, '..data/password'), 'in a file\n')
    symlinkSync('..data/password', join(secrets, 'password'))
    symlinkSync('/etc/hostname', join(secrets, 'outside'))
    writeFileSync(join(secrets, 'large'), 'x'.repeat(100_000))
    writeFileSync(join(secrets, 'empty'), '\n')
    writeFileSync(join(secrets, 'binary'), 'a\0b')
    writeFileSync(
      join(folder, 'lookup.sh'),
      '#!/bin/sh\necho leaked >&2\n[ "$1" = "op://shop/key" ] && echo "printed $1" || exit 4\n',
    )
    chmodSync(join(folder, 'lookup.sh'), 0o700)
    server = createServer((request, response) => {
      namespaces.push(request.headers['x-vault-namespace']?.toString())
      const answers: Record<string, unknown> = {
        '/v1/secret/data/shop': {
          data: { data: { password: 'of version 2', number: 7 }, metadata: { version: 3 } },
        },
        '/v1/kv/shop': { data: { password: 'of version 1' } },
      }
      if (request.headers['x-vault-token'] !== 'vault-token')
        return response.writeHead(403).end('{}')
      if (request.url === '/v1/secret/data/sealed' && (refusals += 1) < 3)
        return response.writeHead(503).end('{}')
      const body =
        answers[
          request.url === '/v1/secret/data/sealed' ? '/v1/secret/data/shop' : (request.url ?? '')
        ]
      return response
        .writeHead(body === undefined ? 404 : 200)
        .end(JSON.stringify(body ?? { errors: [] }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    env['VAULT_ADDR'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  afterAll(() => server.close())

  test.each([
    ['file:password', 'in a file'],
    ['command:op://shop/key', 'printed op://shop/key'],
    ['vault:secret/data/shop#password', 'of version 2'],
    ['vault:kv/shop#password', 'of version 1'],
    ['vault:secret/data/sealed#password', 'of version 2'],
  ])('%s is read', async (reference, value) => {
    expect(referenceProblem(reference, env)).toBeNull()
    expect(await read(reference)).toBe(value)
  })

  test.each([
    ['file:outside', 'the file is not below FAIRLEAD_SECRETS_DIR'],
    ['file:nothing', 'the file does not exist'],
    ['file:large', 'the file must be a regular file of at most 32768 bytes'],
    ['file:empty', 'the value is empty'],
    ['file:binary', 'the value contains the character NUL: store it as base64'],
    ['command:op://shop/other', 'FAIRLEAD_SECRETS_COMMAND exited with 4'],
    ['vault:secret/data/none#password', 'Vault has no secret at this path'],
    ['vault:secret/data/shop#number', 'the secret in Vault has no field number with a text'],
    [
      'vault:secret/data/shop#constructor',
      'the secret in Vault has no field constructor with a text',
    ],
  ])('%s fails with the reason', async (reference, why) => {
    const error = await read(reference).catch((problem: Error) => problem)
    expect((error as Error).message).toBe(why)
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('leaked')
  })

  test.each([
    ['file:../key', 'the place must be a path below FAIRLEAD_SECRETS_DIR'],
    ['file:/etc/passwd', 'the place must be a path below FAIRLEAD_SECRETS_DIR'],
    ['command:--help', 'the place must not begin with -, which a program reads as an option'],
    [
      'vault:secret/../sys/raw#x',
      'the place must be PATH#FIELD, such as secret/data/shop#password',
    ],
    [
      'vault:secret/data/shop?x#y',
      'the place must be PATH#FIELD, such as secret/data/shop#password',
    ],
    ['https://example.com', 'must begin with command:, file:, vault:'],
    ['constructor:x', 'must begin with command:, file:, vault:'],
    ['file:', 'must name a place'],
  ])('%s is rejected when it is set', (reference, why) => {
    expect(referenceProblem(reference, env)).toBe(why)
  })

  test.each(['file:password', 'command:op://shop/key', 'vault:secret/data/shop#password'])(
    '%s needs the settings of its source',
    (reference) => expect(referenceProblem(reference, {})).toMatch(/^the server has no/),
  )

  test('sends the namespace, and reports a rejected token', async () => {
    namespaces = []
    const other = { env: { ...env, VAULT_TOKEN: 'wrong', VAULT_NAMESPACE: 'team' }, fetch }
    await expect(readReference('vault:kv/shop#password', other)).rejects.toThrow(
      'the token is not allowed to read this path of Vault',
    )
    expect(namespaces).toEqual(['team'])
  })
})
