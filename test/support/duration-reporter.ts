import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/**
 * Prints at the end of a run how long it took, and the ten files that took longest. With
 * FAIRLEAD_WRITE_DURATIONS=1, it also writes the durations by which the files are ordered.
 */
export class DurationReporter implements Reporter {
  readonly #durations: URL

  /** `durations`: the file by which the suite is ordered */
  constructor(durations: URL) {
    this.#durations = durations
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const files = modules
      .map((module) => ({ file: module.relativeModuleId, seconds: secondsOf(module) }))
      .toSorted((a, b) => b.seconds - a.seconds)
    // This process has run since before the set-up of the tests.
    console.log(`The tests took ${Math.round(performance.now() / 1000)} s. The slowest files:`)
    for (const { file, seconds } of files.slice(0, 10))
      console.log(`${seconds.toFixed(1).padStart(7)} s  ${file}`)
    if (process.env['FAIRLEAD_WRITE_DURATIONS'] === '1') write(this.#durations, files)
  }
}

function secondsOf(module: TestModule): number {
  const { collectDuration, setupDuration, duration } = module.diagnostic()
  return (collectDuration + setupDuration + duration) / 1000
}

function write(durations: URL, files: { file: string; seconds: number }[]): void {
  const slow = files.filter(({ seconds }) => seconds >= 2)
  const found = Object.fromEntries(slow.map(({ file, seconds }) => [file, Math.round(seconds)]))
  writeFileSync(durations, `${JSON.stringify(found, null, 2)}\n`)
}
