import type { Reporter, TestModule } from 'vitest/node'

/** Prints one line for each reason why tests were skipped, with the number of tests. */
export class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>()
    for (const module of modules)
      for (const test of module.children.allTests('skipped')) {
        const result = test.result()
        const note = result.state === 'skipped' ? result.note : undefined
        const reason =
          test.meta().skipped ?? note ?? 'a filter leaves them out, or their hook failed'
        counts.set(reason, (counts.get(reason) ?? 0) + 1)
      }
    for (const [reason, count] of counts)
      console.log(`Skipped ${count} ${count === 1 ? 'test' : 'tests'}: ${reason}`)
  }
}
