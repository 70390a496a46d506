import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { applyChange, effectiveEnvironment } from './config.ts'
import { createSecretBox, readOrCreateKey } from './secrets.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const box = createSecretBox(Buffer.alloc(32, 7))

describe('secrets', () => {
  test('come back as they went in, and never look like it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 4 }), (name, value) => {
        const sealed = box.seal(name, value)
        expect(sealed).not.toContain(value)
        expect(box.open(name, sealed)).toBe(value)
      }),
    )
  })

  test('are bound to their name and to the key', () => {
    const sealed = box.seal('A', 'value')
    expect(() => box.open('B', sealed)).toThrow('The secret B cannot be decrypted')
    expect(() => createSecretBox(Buffer.alloc(32, 8)).open('A', sealed)).toThrow('cannot be decrypted')
  })

  test('the key is made once, for its owner only', () => {
    const file = join(folder, 'key')
    const key = readOrCreateKey(file)
    expect(key).toHaveLength(32)
    expect(readOrCreateKey(file)).toEqual(key)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(existsSync(file)).toBe(true)
  })

  test('a damaged key is refused in one sentence', () => {
    const file = join(folder, 'short')
    writeFileSync(file, 'c2hvcnQ=')
    expect(() => readOrCreateKey(file)).toThrow('is not a key of 32 bytes in base64')
  })
})

describe('applyChange', () => {
  const empty = { version: 3, variables: {}, secrets: {} }
  const apply = (now: Parameters<typeof applyChange>[0], change: Parameters<typeof applyChange>[1]) =>
    applyChange(now, change, box.seal, box.open)

  test('sets, unsets and says what differs', () => {
    const now = { version: 3, variables: { A: '1', B: '2' }, secrets: {} }
    expect(apply(now, { variables: { A: '1', B: null, C: '3' }, secrets: {} })).toEqual({
      next: { version: 4, variables: { A: '1', C: '3' }, secrets: {} },
      changed: ['B', 'C'],
    })
  })

  test('the same again is no new version, also for a secret', () => {
    const first = apply(empty, { variables: { A: '1' }, secrets: { S: 'secret value' } })
    expect(first?.changed).toEqual(['A', 'S'])
    expect(apply(first!.next, { variables: { A: '1' }, secrets: { S: 'secret value' } })).toBeNull()
  })

  test('a name is a variable or a secret, never both', () => {
    const secret = apply({ ...empty, variables: { A: 'plain' } }, { variables: {}, secrets: { A: 'hidden' } })
    expect(secret?.next.variables).toEqual({})
    const plain = apply(secret!.next, { variables: { A: 'plain' }, secrets: {} })
    expect(plain?.next.secrets).toEqual({})
  })
})

test('what is set in the environment wins over the file', () => {
  expect(effectiveEnvironment({ A: 'file', B: 'file' }, { A: 'set' }, { C: 'secret' })).toEqual({
    A: 'set',
    B: 'file',
    C: 'secret',
  })
})
