import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createJudge } from '#domains/verdict/statistics/judge.ts'
import { generator, normal } from '../../test/support/generator.ts'
import { settings, makeBatch } from './simulation.ts'

/** Bytes that are still in use after everything else was collected. */
function heap(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().heapUsed
}

export function costs(): void {
  const random = generator(1)
  const batches = Array.from({ length: 100 }, () =>
    makeBatch(random, {
      share: 0.5,
      requests: 1000,
      errors: { baseline: 0.01, canary: 0.01 },
      latency: () => 20 * Math.exp(0.5 * normal(random)),
    }),
  )
  const judge = createJudge(settings)
  const time = (work: () => void): number => {
    const began = performance.now()
    work()
    return performance.now() - began
  }
  const first = time(() => batches.forEach((one) => judge.observe(one)))
  const before = heap()
  for (let i = 0; i < 9; i += 1) for (const one of batches) judge.observe(one)
  const last = time(() => batches.forEach((one) => judge.observe(one)))
  const asked = time(() => {
    for (let i = 0; i < 100; i += 1) judge.judge()
  })
  console.log('cost, batches of 1,000 requests')
  console.log(
    `  first 100,000 requests ${((first * 1e6) / 1e5).toFixed(0)} ns each, ` +
      `after 1,000,000 more ${((last * 1e6) / 1e5).toFixed(0)} ns each`,
  )
  console.log(
    `  a judgement with its intervals ${(asked / 100).toFixed(2)} ms; ` +
      `heap grown by ${((heap() - before) / 1e6).toFixed(1)} MB`,
  )
}
