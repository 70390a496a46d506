import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readReference, referenceProblem } from './all.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-sources-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a secret that is kept elsewhere', () => {
  const secrets = join(folder, 'secrets')
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    FAIRLEAD_SECRETS_DIR: secrets,
    FAIRLEAD_SECRETS_COMMAND: join(folder, 'lookup.sh'),
    VAULT_TOKEN: 'vault-token',
  }
  let server: Server
  let refusals = 0
  let asked: (string | undefined)[] = []
  const read = (reference: string): Promise<string> => readReference(reference, { env, fetch })

  beforeAll(async () => {
    mkdirSync(join(secrets, '..data'), { recursive: true })
    writeFileSync(join(secrets, '..data/password'), 'in a file\n')
    symlinkSync('..data/password', join(secrets, 'password'))
    symlinkSync('/etc/hostname', join(secrets, 'outside'))
    writeFileSync(join(secrets, 'large'), 'x'.repeat(100_000))
    writeFileSync(join(secrets, 'empty'), '\n')
    writeFileSync(
      join(folder, 'lookup.sh'),
      '#!/bin/sh\necho leaked >&2\n[ "$1" = "op://shop/key" ] && echo "printed $1" || exit 4\n',
    )
    chmodSync(join(folder, 'lookup.sh'), 0o700)
    server = createServer((request, response) => {
      asked.push(request.headers['x-vault-namespace']?.toString())
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
    ['file:nothing', 'there is no such file'],
    ['file:large', 'the file must be a plain one of 32768 bytes at most'],
    ['file:empty', 'it is empty there'],
    ['command:op://shop/other', 'FAIRLEAD_SECRETS_COMMAND exited with 4'],
    ['vault:secret/data/none#password', 'Vault has nothing there'],
    ['vault:secret/data/shop#number', 'Vault has no text in the field number there'],
    ['vault:secret/data/shop#constructor', 'Vault has no text in the field constructor there'],
  ])('%s says why not', async (reference, why) => {
    const error = await read(reference).catch((problem: Error) => problem)
    expect((error as Error).message).toBe(why)
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('leaked')
  })

  test.each([
    ['file:../key', 'the place must be a path below FAIRLEAD_SECRETS_DIR'],
    ['file:/etc/passwd', 'the place must be a path below FAIRLEAD_SECRETS_DIR'],
    ['command:--help', 'the place must not begin with -, which a program takes for an option'],
    [
      'vault:secret/../sys/raw#x',
      'the place must be PATH#FIELD, such as secret/data/shop#password',
    ],
    [
      'vault:secret/data/shop?x#y',
      'the place must be PATH#FIELD, such as secret/data/shop#password',
    ],
    ['https://example.com', 'must begin with file:, command:, vault:'],
    ['constructor:x', 'must begin with file:, command:, vault:'],
    ['file:', 'must name a place'],
  ])('%s is refused when it is set', (reference, why) => {
    expect(referenceProblem(reference, env)).toBe(why)
  })

  test.each(['file:password', 'command:op://shop/key', 'vault:secret/data/shop#password'])(
    '%s is nothing where the server was not told of such a place',
    (reference) => expect(referenceProblem(reference, {})).toMatch(/^the server has no/),
  )

  test('a token that Vault does not take, and a namespace', async () => {
    asked = []
    const other = { env: { ...env, VAULT_TOKEN: 'wrong', VAULT_NAMESPACE: 'team' }, fetch }
    await expect(readReference('vault:kv/shop#password', other)).rejects.toThrow(
      'Vault does not let the token read it',
    )
    expect(asked).toEqual(['team'])
  })
})
