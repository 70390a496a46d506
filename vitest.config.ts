import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { DurationReporter } from './test/support/duration-reporter.ts'
import { SkipReporter } from './test/support/skip-reporter.ts'

/** Starts the slowest files first, so that none of them runs alone at the end. */
export function slowestFirst(durations: URL): typeof BaseSequencer {
  /** seconds; files that are not listed take less than two */
  const seconds = JSON.parse(readFileSync(durations, 'utf8')) as Record<string, number>
  return class extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const duration = ({ moduleId }: TestSpecification): number =>
        seconds[moduleId.slice(import.meta.dirname.length + 1)] ?? 0
      return files.toSorted((a, b) => duration(b) - duration(a))
    }
  }
}

const durations = new URL('test/support/durations.json', import.meta.url)

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.long.test.ts'],
    globalSetup: ['test/support/setup.ts', 'test/support/emitted-events.ts'],
    reporters: ['default', new SkipReporter(), new DurationReporter(durations)],
    // The set-up builds the program, which starts in half of the time of its source.
    env: { FAIRLEAD_ENTRY: 'dist' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // On a busy machine, anything may take seconds; the default of `expect.poll` is one second.
    expect: { poll: { timeout: 30_000 } },
    // Most tests start real servers, which need processors of their own. While the tests of one
    // worker wait, those of the two others use two processors. With four, tests on two processors
    // run into their time limits.
    maxWorkers: 3,
    pool: 'forks',
    // The files of a worker share loaded modules. No test replaces a module.
    isolate: false,
    sequence: { sequencer: slowestFirst(durations) },
  },
})
