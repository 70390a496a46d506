import { expect, test } from 'vitest'
import { createSlots, type Slot } from './slots.ts'

const never = new AbortController().signal

test('at most the limit runs, and the others follow in their order', async () => {
  const slots = createSlots(2)
  const order: number[] = []
  const open: Slot[] = []
  const start = async (n: number): Promise<void> => {
    open.push(await slots.take(never))
    order.push(n)
  }
  const all = Promise.all([1, 2, 3, 4].map(start))
  await Promise.resolve()
  expect(order).toEqual([1, 2])
  expect(slots.tryTake()).toBeNull()
  open[0]?.free()
  open[0]?.free()
  await new Promise((next) => setImmediate(next))
  expect(order).toEqual([1, 2, 3])
  open[1]?.free()
  await all
  expect(order).toEqual([1, 2, 3, 4])
  for (const slot of open) slot.free()
  expect([slots.tryTake(), slots.tryTake(), slots.tryTake()].filter(Boolean)).toHaveLength(2)
})

test('a cancelled step leaves the queue, and takes no slot', async () => {
  const slots = createSlots(1)
  const first = await slots.take(never)
  const cancel = new AbortController()
  const second = slots.take(cancel.signal)
  const third = slots.take(never)
  cancel.abort(new Error('was cancelled'))
  await expect(second).rejects.toThrow('was cancelled')
  first.free()
  ;(await third).free()
  expect(slots.tryTake()).not.toBeNull()
  await expect(slots.take(AbortSignal.abort(new Error('late')))).rejects.toThrow('late')
})
