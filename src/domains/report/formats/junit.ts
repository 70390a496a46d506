import { defineReportFormat, shortMessage, shortName, type TestCase } from '../report.ts'
import { createSuites } from '../suites.ts'
import { type Attributes, numberOf, xmlParser } from '../xml.ts'

/**
 * JUnit XML as its many producers write it: nested suites, missing times, retried tests. The schema
 * is that of Ant's JUnit task; `rerunFailure` and `flakyFailure` come from Maven Surefire. A report
 * that declares failures or tests which it does not contain is refused.
 */
export default defineReportFormat({
  name: 'JUnit',
  title: 'JUnit XML of any producer',
  topics: ['tests'],
  hasSignature: true,
  example:
    '<testsuite name="cart"><testcase classname="Cart" name="adds" time="0.01"/></testsuite>',
  detect: (head) => /<(\w+:)?testsuites?[\s/>]/.test(head),
  parser: (sink) => {
    const suites = createSuites()
    let test: TestCase | null = null
    let text = ''
    let isListening = false
    let isSuiteFailure = false
    const begin = (outcome: TestCase['outcome'], attributes: Attributes): void => {
      isSuiteFailure = test === null
      // A suite can fail by itself, for example in its setup.
      test ??= { ...nothing, suite: suites.path(), name: suites.name(), outcome }
      if (test.outcome !== 'errored' && test.outcome !== 'failed') test.outcome = outcome
      text = [attributes['type'], attributes['message']].filter(Boolean).join(': ')
      isListening = true
    }
    const report = (): void => {
      if (test) sink.test(test)
      test = null
    }
    const parser = xmlParser({
      open: (name, attributes) => {
        if (isSuite(name)) suites.open(attributes)
        if (name === 'testcase') {
          suites.countTest()
          test = testOf(attributes, suites.path())
        }
        if (test && flaky.has(name)) test.retried = true
        if (failures.has(name)) suites.countFailure()
        const outcome = outcomes.get(name)
        if (outcome) begin(outcome, attributes)
      },
      text: (more) => {
        if (isListening && text.length < 20_000) text += (text === '' ? '' : '\n') + more
      },
      close: (name) => {
        if (outcomes.has(name) && test) {
          test.message ??= shortMessage(text)
          isListening = false
          if (isSuiteFailure) report()
        }
        if (name === 'testcase') report()
        if (isSuite(name)) suites.close()
      },
    })
    return {
      write: parser.write,
      end: () => {
        parser.end()
        suites.refuseMissing()
      },
    }
  },
})

const isSuite = (name: string): boolean => name === 'testsuite' || name === 'testsuites'
const nothing = { seconds: null, file: null, message: null }

/** A test as its attributes describe it. Some producers state the outcome only there. */
function testOf(attributes: Attributes, suite: string): TestCase {
  const stated = [attributes['status'], attributes['result']].map((one) => one?.toLowerCase() ?? '')
  return {
    suite: shortName(attributes['classname'] || suite),
    name: shortName(attributes['name'] || '(no name)'),
    outcome: stated.map((word) => words.get(word)).find((one) => one !== undefined) ?? 'passed',
    seconds: numberOf(attributes['time']),
    file: attributes['file'] || null,
    message: null,
  }
}

const outcomes = new Map<string, TestCase['outcome']>([
  ['failure', 'failed'],
  ['error', 'errored'],
  ['skipped', 'skipped'],
])
/** GoogleTest and CTest mark tests that did not run with `notrun` and `disabled`. */
const words = new Map<string, TestCase['outcome']>([
  ...['notrun', 'disabled', 'skipped', 'ignored'].map((word) => [word, 'skipped'] as const),
  ...['failed', 'failure', 'fail'].map((word) => [word, 'failed'] as const),
  ...['error', 'errored'].map((word) => [word, 'errored'] as const),
])
/** Surefire: the test failed first and passed when it ran again. */
const flaky = new Set(['flakyFailure', 'flakyError'])
const failures = new Set(['failure', 'error', 'rerunFailure', 'rerunError', ...flaky])
