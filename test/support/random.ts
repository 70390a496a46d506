import { onTestFailed } from 'vitest'

/**
 * Random numbers from 0 to 1 for one test. A failed test prints their seed; set FAIRLEAD_TEST_SEED
 * to repeat it.
 */
export function seededRandom(): () => number {
  const seed = Number(process.env['FAIRLEAD_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  onTestFailed(() => console.log(`FAIRLEAD_TEST_SEED=${seed} repeats this test`))
  // Mulberry32, by Tommy Ettinger.
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
