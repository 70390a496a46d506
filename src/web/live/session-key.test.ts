import { expect, test } from 'vitest'
import { createSessionKey } from './session-key.ts'

function storage(): Storage {
  const map = new Map<string, string>()
  return {
    getItem: (name) => map.get(name) ?? null,
    setItem: (name, value) => void map.set(name, value),
    removeItem: (name) => void map.delete(name),
    clear: () => map.clear(),
    key: () => null,
    length: 0,
  }
}

const minute = 60_000

test('accepts a key from the address once, and only from a sign-in of this browser', () => {
  let now = 0
  const store = storage()
  const key = createSessionKey(
    () => store,
    () => now,
  )
  key.accept('#fairlead-session-key=planted')
  expect(key.get()).toBeNull()
  key.startSignIn()
  key.accept('#main')
  now += 9 * minute
  key.accept('#fairlead-session-key=mine')
  expect(key.get()).toBe('mine')
  key.accept('#fairlead-session-key=planted')
  expect(key.get()).toBe('mine')
  key.startSignIn()
  now += 11 * minute
  key.accept('#fairlead-session-key=late')
  expect(key.get()).toBe('mine')
  key.remove()
  expect(key.get()).toBeNull()
})

test('keeps the key in memory where the browser allows no storage', () => {
  const key = createSessionKey(
    () => {
      throw new Error('denied')
    },
    () => 0,
  )
  key.startSignIn()
  key.accept('#fairlead-session-key=mine')
  expect(key.get()).toBe('mine')
  key.remove()
  expect(key.get()).toBeNull()
})
