import { globSync, readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { DurationReporter } from './test/support/duration-reporter.ts'
import { SkipReporter } from './test/support/skip-reporter.ts'
import config, { slowestFirst } from './vitest.config.ts'

/** The test files of the long tests only, and those with more or larger tests: see `scale.ts`. */
const include = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], {
  cwd: import.meta.dirname,
}).filter(
  (file) =>
    file.endsWith('.long.test.ts') || readFileSync(file, 'utf8').includes("support/scale.ts'"),
)

const durations = new URL('test/support/durations-long.json', import.meta.url)

/** `npm run test:long`: what `npm test` runs in part, in full. */
export default defineConfig({
  test: {
    ...config.test,
    include,
    exclude: ['**/node_modules/**'],
    env: { ...config.test?.env, FAIRLEAD_TEST_SCALE: 'long' },
    testTimeout: 900_000,
    reporters: ['default', new SkipReporter(), new DurationReporter(durations)],
    sequence: { sequencer: slowestFirst(durations) },
  },
})
