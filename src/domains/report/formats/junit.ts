import { defineReportFormat, shortMessage, shortName, type TestCase } from '../report.ts'
import { type Attributes, numberOf, xmlParser } from '../xml.ts'

/**
 * JUnit XML as its many producers write it: nested suites, missing times, retried tests. The schema
 * is that of Ant's JUnit task; `rerunFailure` and `flakyFailure` come from Maven Surefire.
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
    const suites: string[] = []
    let test: TestCase | null = null
    let text = ''
    let isListening = false
    const begin = (outcome: TestCase['outcome'], attributes: Attributes): void => {
      // A suite can fail by itself, for example in its setup.
      test ??= {
        suite: suiteName(suites),
        name: suites.at(-1) ?? '',
        outcome,
        seconds: null,
        file: null,
        message: null,
      }
      if (test.outcome !== 'errored' && test.outcome !== 'failed') test.outcome = outcome
      text = [attributes['type'], attributes['message']].filter(Boolean).join(': ')
      isListening = true
    }
    const isSuiteFailure = { value: false }
    return xmlParser({
      open: (name, attributes) => {
        if (name === 'testsuite' || name === 'testsuites')
          suites.push(shortName(attributes['name'] ?? ''))
        if (name === 'testcase')
          test = {
            suite: shortName(attributes['classname'] || suiteName(suites)),
            name: shortName(attributes['name'] || '(no name)'),
            outcome: didNotRun.has(attributes['status'] ?? '') ? 'skipped' : 'passed',
            seconds: numberOf(attributes['time']),
            file: attributes['file'] || null,
            message: null,
          }
        if (test && flaky.has(name)) test.retried = true
        const outcome = outcomes.get(name)
        if (!outcome) return
        isSuiteFailure.value = test === null
        begin(outcome, attributes)
      },
      text: (more) => {
        if (isListening && text.length < 20_000) text += (text === '' ? '' : '\n') + more
      },
      close: (name) => {
        if (outcomes.has(name) && test) {
          test.message ??= shortMessage(text)
          isListening = false
          if (isSuiteFailure.value) {
            sink.test(test)
            test = null
          }
        }
        if (name === 'testcase' && test) {
          sink.test(test)
          test = null
        }
        if (name === 'testsuite' || name === 'testsuites') suites.pop()
      },
    })
  },
})

const outcomes = new Map<string, TestCase['outcome']>([
  ['failure', 'failed'],
  ['error', 'errored'],
  ['skipped', 'skipped'],
])
/** Values of `status` with which GoogleTest and CTest mark tests that did not run. */
const didNotRun = new Set(['notrun', 'disabled'])
/** Surefire: the test failed first and passed when it ran again. */
const flaky = new Set(['flakyFailure', 'flakyError'])
const suiteName = (suites: string[]): string => shortName(suites.filter(Boolean).join(' › '))
