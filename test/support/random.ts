import { onTestFailed } from 'vitest'
import { generator } from './generator.ts'

/**
 * Random numbers from 0 to 1 for one test. A failed test prints their seed; set FAIRLEAD_TEST_SEED
 * to repeat it.
 */
export function seededRandom(): () => number {
  const seed = Number(process.env['FAIRLEAD_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  onTestFailed(() => console.log(`FAIRLEAD_TEST_SEED=${seed} repeats this test`))
  return generator(seed)
}
