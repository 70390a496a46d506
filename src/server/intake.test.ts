import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createIntake } from './intake.ts'

const limits = { body: 25, ofAddress: 50, all: 100 }

const tick = () => new Promise((resolve) => setImmediate(resolve))

/** Sends bytes from an address, and tells how the body ends. */
function sender(intake: ReturnType<typeof createIntake>, address: string, length?: number) {
  const stream = new PassThrough()
  const { body, release } = intake.read(stream, { address, length: length ?? null })
  const state = { end: 'open' }
  body.then(
    (bytes) => (state.end = String(bytes.length)),
    (error: Error) => (state.end = error.message),
  )
  const write = async (bytes: number): Promise<void> => {
    stream.write(Buffer.alloc(bytes))
    await tick()
  }
  const finish = async (): Promise<string> => {
    stream.end()
    await tick()
    return state.end
  }
  return { write, finish, release, state }
}

const full = 'The inbox, which is full, does not answer.'

test('announced bytes take no room', async () => {
  const intake = createIntake(limits)
  const slow = Array.from({ length: 400 }, () => sender(intake, 'slow', 25))
  for (const one of slow.slice(0, 40)) await one.write(1)
  const other = sender(intake, 'slow', 10)
  await other.write(10)
  expect(await other.finish()).toBe('10')
  expect(slow.every(({ state }) => state.end === 'open')).toBe(true)
})

test('the largest incomplete body of the address that sends too much makes room', async () => {
  const intake = createIntake(limits)
  const large = [sender(intake, 'a'), sender(intake, 'a'), sender(intake, 'a')]
  const small = sender(intake, 'a')
  await small.write(5)
  for (const one of large) await one.write(20)
  expect(large.map(({ state }) => state.end)).toEqual([full, 'open', 'open'])
  expect(await small.finish()).toBe('5')
  const other = sender(intake, 'b')
  await other.write(25)
  expect(await other.finish()).toBe('25')
})

test('all addresses together hold a limited number of bytes', async () => {
  const intake = createIntake(limits)
  const many = ['a', 'b', 'c', 'd', 'e'].map((address) => sender(intake, address))
  for (const one of many) await one.write(24)
  expect(many.filter(({ state }) => state.end === full)).toHaveLength(1)
})

test('a complete body counts until it is released, and is not refused', async () => {
  const intake = createIntake(limits)
  const done = [sender(intake, 'a'), sender(intake, 'a')]
  for (const one of done) {
    await one.write(25)
    expect(await one.finish()).toBe('25')
  }
  const next = sender(intake, 'a')
  await next.write(1)
  expect(next.state.end).toBe(full)
  done[0]?.release()
  const again = sender(intake, 'a')
  await again.write(1)
  expect(await again.finish()).toBe('1')
})

test('a body that is or says that it is larger than allowed is refused', async () => {
  const intake = createIntake({ ...limits, body: 1024 * 1024 })
  const announced = sender(intake, 'a', 2 * 1024 * 1024)
  await tick()
  expect(announced.state.end).toBe('The request is larger than 1 MB.')
  const streamed = sender(createIntake(limits), 'a')
  await streamed.write(26)
  expect(streamed.state.end).toContain('The request is larger than')
})
