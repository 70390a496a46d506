import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { SkipReporter } from './test/support/skip-reporter.ts'

/** Seconds that the slow files took; files that are not listed take less than five. */
const seconds = JSON.parse(
  readFileSync(new URL('test/support/durations.json', import.meta.url), 'utf8'),
) as Record<string, number>

/** Starts the slowest files first, so that none of them runs alone at the end. */
class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const duration = ({ moduleId }: TestSpecification): number =>
      seconds[moduleId.slice(import.meta.dirname.length + 1)] ?? 0
    return files.toSorted((a, b) => duration(b) - duration(a))
  }
}

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/setup.ts', 'test/support/emitted-events.ts'],
    reporters: ['default', new SkipReporter()],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most tests start real servers, which need processors of their own. Four workers save a
    // quarter of the time, and tests then run into their time limits.
    maxWorkers: 2,
    pool: 'forks',
    // The files of a worker share loaded modules. No test replaces a module.
    isolate: false,
    sequence: { sequencer: SlowestFirst },
  },
})
