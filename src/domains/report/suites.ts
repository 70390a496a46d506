import { ReportProblem, shortName } from './report.ts'
import { type Attributes, numberOf } from './xml.ts'

/** The suites around the current element of a JUnit report. */
export interface Suites {
  open(attributes: Attributes): void
  close(): void
  countTest(): void
  countFailure(): void
  /** The name of the innermost suite, and the names of all of them. */
  name(): string
  path(): string
  /** Throws a ReportProblem when a suite declares failures or tests that it does not contain. */
  refuseMissing(): void
}

interface Suite {
  name: string
  declared: { tests: number; failures: number; skipped: number }
  tests: number
  failures: number
}

/**
 * Compares what suites declare with what they contain. A suite may contain more than it declares,
 * as nested suites do. The number of tests is compared only with none, because Catch2 and doctest
 * count assertions there, and pytest counts subtests. Older versions of Mocha declare each failure
 * as an error, too.
 */
export function createSuites(): Suites {
  const open: Suite[] = []
  let problem: string | null = null
  const count = (what: 'tests' | 'failures', more: number): void => {
    const last = open.at(-1)
    if (last) last[what] += more
  }
  return {
    open: (attributes) => {
      const number = (name: string): number => numberOf(attributes[name]) ?? 0
      open.push({
        name: shortName(attributes['name'] ?? ''),
        declared: {
          tests: number('tests'),
          failures: Math.max(number('failures'), number('errors')),
          skipped: number('skipped') + number('disabled'),
        },
        tests: 0,
        failures: 0,
      })
    },
    close: () => {
      const suite = open.pop()
      if (!suite) return
      problem ??= problemOf(suite)
      count('tests', suite.tests)
      count('failures', suite.failures)
    },
    countTest: () => count('tests', 1),
    countFailure: () => count('failures', 1),
    name: () => open.at(-1)?.name ?? '',
    path: () =>
      shortName(
        open
          .map(({ name }) => name)
          .filter(Boolean)
          .join(' › '),
      ),
    refuseMissing: () => {
      if (problem !== null) throw new ReportProblem(problem)
    },
  }
}

function problemOf({ name, declared, tests, failures }: Suite): string | null {
  const what = name === '' ? 'a suite' : `the suite ${name}`
  if (declared.failures > failures)
    return `states that ${what} has ${counted(declared.failures, 'failure')}, but lists ${failures}`
  const ran = declared.tests - declared.skipped
  return ran > 0 && tests + failures === 0
    ? `states that ${what} has ${counted(declared.tests, 'test')}, but lists none`
    : null
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
