import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { applyChange, effectiveEnvironment, namesOf } from './configuration.ts'
import { findKeys, type KeyRing } from '#platform/secret/key-ring.ts'
import { createSecretBox, keyName } from '#platform/secret/secret-box.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const ringOf = (...bytes: [number, ...number[]]): KeyRing => ({
  keys: () => bytes.map((byte) => Buffer.alloc(32, byte)) as [Buffer, ...Buffer[]],
  where: 'the test',
  add: null,
  keepNewest: null,
})
const box = createSecretBox(ringOf(7))

describe('secrets', () => {
  test('are opened unchanged, and their sealed form does not contain the value', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 4 }), (name, value) => {
        const sealed = box.seal(name, value)
        expect(sealed).not.toContain(value)
        expect(box.open(name, sealed)).toBe(value)
      }),
    )
  })

  test('open only with their name and key', () => {
    const sealed = box.seal('A', 'value')
    expect(() => box.open('B', sealed)).toThrow('The secret B cannot be decrypted')
    expect(() => createSecretBox(ringOf(8)).open('A', sealed)).toThrow('it was stored with the key')
  })

  test('are opened by an older key and sealed by the newest', () => {
    const sealed = box.seal('A', 'value')
    const both = createSecretBox(ringOf(9, 7))
    expect(both.open('A', sealed)).toBe('value')
    expect(both.isCurrent(sealed)).toBe(false)
    const resealed = both.seal('A', 'value')
    expect(both.isCurrent(resealed)).toBe(true)
    expect(createSecretBox(ringOf(9)).open('A', resealed)).toBe('value')
  })

  test('open under their former name when they were sealed before keys had names', () => {
    const old = box.seal('NAME', 'value').replace(/^2\.[0-9a-f]+\./, '')
    expect(box.open('configuration/shop/production/NAME', old, 'NAME')).toBe('value')
    expect(createSecretBox(ringOf(9, 7)).open('x', old, 'NAME')).toBe('value')
    expect(() => box.open('configuration/shop/production/NAME', old, 'OTHER')).toThrow(
      'cannot be decrypted',
    )
  })

  test('the key file is created once, and a new key precedes the old one until that is dropped', () => {
    const file = join(folder, 'key')
    const ring = findKeys({}, file)
    const [first] = ring.keys()
    expect(first).toHaveLength(32)
    expect(findKeys({}, file).keys()).toEqual([first])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const other = findKeys({}, file)
    ring.add?.()
    expect(other.keys()).toHaveLength(2)
    expect(other.keys()[1]).toEqual(first)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    other.keepNewest?.()
    expect(ring.keys()).toEqual([other.keys()[0]])
    expect(ring.keys()).not.toEqual([first])
  })

  test('the key is read from a variable, a command or an external file', () => {
    const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    const text = `${one.toString('base64')}\n${two.toString('base64')}\n`
    const file = join(folder, 'external')
    writeFileSync(file, text)
    const own = join(folder, 'never-made')
    for (const env of [
      { FAIRLEAD_KEY: text },
      { FAIRLEAD_KEY_FILE: file },
      { FAIRLEAD_KEY_COMMAND: `cat ${file}` },
    ]) {
      const ring = findKeys(env, own)
      expect(ring.keys()).toEqual([one, two])
      expect(ring.add).toBeNull()
    }
    expect(existsSync(own)).toBe(false)
    expect(keyName(one)).toMatch(/^[0-9a-f]{12}$/)
    expect(() => findKeys({ FAIRLEAD_KEY: text, FAIRLEAD_KEY_FILE: file }, own)).toThrow(
      'are both set',
    )
    expect(() => findKeys({ FAIRLEAD_KEY_COMMAND: 'exit 3' }, own)).toThrow(
      'returned no key: it exited with 3',
    )
    expect(() => findKeys({ FAIRLEAD_KEY: 'short' }, own)).toThrow(
      'FAIRLEAD_KEY is not a key of 32 bytes',
    )
  })

  test('an invalid key is rejected in one sentence', () => {
    const file = join(folder, 'short')
    writeFileSync(file, 'c2hvcnQ=')
    expect(() => findKeys({}, file)).toThrow('is not a key of 32 bytes in base64')
  })
})

describe('applyChange', () => {
  const empty = { version: 3, variables: {}, secrets: {} }
  const apply = (
    now: Parameters<typeof applyChange>[0],
    change: Parameters<typeof applyChange>[1],
  ) => applyChange(now, change, box.seal, box.open)

  test('sets and removes values, and returns the names that changed', () => {
    const now = { version: 3, variables: { A: '1', B: '2' }, secrets: {} }
    expect(apply(now, { variables: { A: '1', B: null, C: '3' }, secrets: {} })).toEqual({
      next: { version: 4, variables: { A: '1', C: '3' }, secrets: {} },
      changed: ['B', 'C'],
    })
  })

  test('returns null when nothing changes, also for a secret', () => {
    const first = apply(empty, { variables: { A: '1' }, secrets: { S: 'secret value' } })
    expect(first?.changed).toEqual(['A', 'S'])
    expect(apply(first!.next, { variables: { A: '1' }, secrets: { S: 'secret value' } })).toBeNull()
  })

  test('the names of a change include those that had the value already', () => {
    const now = { ...empty, variables: { A: '1', B: '2' }, secrets: { S: box.seal('S', 'x') } }
    const change = { variables: { A: '1', B: null, C: '3', S: null }, secrets: {} }
    expect(namesOf(change, apply(now, change)!.next)).toEqual(['A', 'B', 'C'])
    expect(namesOf({ variables: {}, secrets: { S: null } }, empty)).toEqual(['S'])
    const references = { V: 'vault:a#b' }
    expect(namesOf({ variables: {}, secrets: {}, references }, empty)).toEqual(['V'])
  })

  test('a name is a variable or a secret, never both', () => {
    const secret = apply(
      { ...empty, variables: { A: 'plain' } },
      { variables: {}, secrets: { A: 'hidden' } },
    )
    expect(secret?.next.variables).toEqual({})
    const plain = apply(secret!.next, { variables: { A: 'plain' }, secrets: {} })
    expect(plain?.next.secrets).toEqual({})
  })
})

test('the configuration overrides fairlead.yaml', () => {
  expect(effectiveEnvironment({ A: 'file', B: 'file' }, { A: 'set' }, { C: 'secret' })).toEqual({
    A: 'set',
    B: 'file',
    C: 'secret',
  })
})
