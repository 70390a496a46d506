import type { ChangeReport } from '#contract/change/change.ts'
import type { TestResult } from '#contract/report/report.ts'
import { formatCount } from '../ui/number.ts'
import { Section } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { isBad, testBadges } from './words.ts'
import { classes } from '../ui/classes.ts'
import { Scrollable } from '../ui/scrollable.tsx'

/** How many of the slowest tests are listed. */
const slowest = 10

/** Tests whose result changed, then failing tests, then the slowest. */
export function Tests({ report: { tests, numbers }, run }: { report: ChangeReport; run: number }) {
  if (numbers.tests === null || tests.length === 0) return null
  const bad = tests.filter(isBad)
  const rest = tests.filter((one) => !isBad(one)).slice(0, slowest)
  const all = numbers.tests.failed + numbers.tests.errored
  return (
    <Section title={bad.length > 0 ? 'Failing tests' : 'Tests'}>
      {bad.length > 0 ? (
        <ul className="panel divide-y divide-edge">
          {bad.map((test) => (
            <FailedTest key={`${test.step}/${test.suite}/${test.name}`} test={test} />
          ))}
        </ul>
      ) : null}
      {all > bad.length ? (
        <p className="mt-1 text-soft">
          {all - bad.length} more fail:{' '}
          <code className="font-mono">fairlead tests {run} --failed --limit 500</code>
        </p>
      ) : null}
      {rest.length > 0 ? (
        <details className={bad.length > 0 ? 'mt-2' : ''}>
          <summary className="text-soft">
            Slowest of {formatCount(numbers.tests.total)} tests
          </summary>
          <ul className="panel mt-2 divide-y divide-edge">
            {rest.map((test) => (
              <li
                key={`${test.step}/${test.suite}/${test.name}`}
                className="flex flex-wrap gap-x-4 px-4 py-1.5"
              >
                <span className="w-16 text-right text-soft">
                  {test.seconds === null ? '' : `${test.seconds.toFixed(2)} s`}
                </span>
                <Name test={test} />
                <Notes test={test} />
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </Section>
  )
}

function Name({ test: { suite, name } }: { test: TestResult }) {
  return (
    <span className="min-w-0 flex-1">
      {suite === '' ? null : <span className="text-soft">{suite} › </span>}
      {name}
    </span>
  )
}

function Notes({ test }: { test: TestResult }) {
  const { before, flaky, isQuarantined } = test
  const notes = [
    isBad(test) && before === 'passed' ? 'passed before' : null,
    isBad(test) && before === null ? 'new' : null,
    flaky.commits > 0 ? `flaky in ${flaky.commits} of ${flaky.of} commits` : null,
    isQuarantined ? 'quarantined, does not stop the change' : null,
  ].filter((one) => one !== null)
  return notes.length === 0 ? null : <span className="text-warn">{notes.join(', ')}</span>
}

function FailedTest({ test }: { test: TestResult }) {
  return (
    <li className="px-4 py-2.5">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <Status badge={testBadges[test.outcome]} />
        <Name test={test} />
        <Notes test={test} />
      </div>
      {test.message ? (
        <Scrollable
          as="pre"
          label={`Message of ${test.name}`}
          className={classes(
            'mt-1.5 max-h-56 rounded-md bg-sunken px-3 py-2 font-mono',
            'text-small whitespace-pre-wrap',
          )}
        >
          {test.message}
        </Scrollable>
      ) : null}
    </li>
  )
}
