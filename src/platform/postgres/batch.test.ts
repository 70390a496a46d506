import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBatcher } from './batch.ts'

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('processes each item once and returns its own result or error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ size: fc.nat(9), isBad: fc.boolean(), pause: fc.nat(2) }), {
        maxLength: 30,
      }),
      async (things) => {
        const done: number[] = []
        let under = 0
        const doIt = async (
          all: { index: number; isBad: boolean; size: number }[],
        ): Promise<number[]> => {
          expect((under += 1)).toBeLessThanOrEqual(2)
          expect(all.length).toBeLessThanOrEqual(4)
          expect(all.length === 1 || all.reduce((sum, { size }) => sum + size, 0) <= 12).toBe(true)
          await later()
          under -= 1
          if (all.some(({ isBad }) => isBad)) throw new Error('no')
          done.push(...all.map(({ index }) => index))
          return all.map(({ index }) => index)
        }
        const send = createBatcher<{ index: number; isBad: boolean; size: number }, number>({
          all: doIt,
          one: async (one) => {
            if (one.isBad) throw new Error(`no ${one.index}`)
            done.push(one.index)
            return one.index
          },
          sizeOf: ({ size }) => size,
          lanes: 2,
          limit: { count: 4, size: 12 },
        })
        const answers = await Promise.allSettled(
          things.map(async ({ pause, ...thing }, index) => {
            for (let i = 0; i < pause; i += 1) await later()
            return send({ ...thing, index })
          }),
        )
        answers.forEach((answer, index) => {
          if (things[index]!.isBad)
            expect(answer).toMatchObject({ reason: { message: `no ${index}` } })
          else expect(answer).toMatchObject({ value: index })
        })
        const good = things.flatMap(({ isBad }, index) => (isBad ? [] : [index]))
        expect(done.toSorted((a, b) => a - b)).toEqual(good)
      },
    ),
    { numRuns: 50 },
  )
})
