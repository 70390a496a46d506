import { type Format, shortMessage, shortName, type TestCase } from '../report.ts'
import { type Attributes, numberOf, xmlParser } from './xml.ts'

/**
 * JUnit's XML as its many producers write it: suites within suites, missing times, retried tests.
 * The schema is the one of Ant's JUnit task; `rerunFailure` and `flakyFailure` are Surefire's.
 */
export const junit: Format = {
  name: 'JUnit',
  tells: ['tests'],
  recognises: (head) => /<(\w+:)?testsuites?[\s/>]/.test(head),
  parser: (sink) => {
    const suites: string[] = []
    let test: TestCase | null = null
    let said = ''
    let isListening = false
    const begin = (outcome: TestCase['outcome'], attributes: Attributes): void => {
      // A suite can fail by itself: its setup did.
      test ??= {
        suite: suiteName(suites),
        name: suites.at(-1) ?? '',
        outcome,
        seconds: null,
        file: null,
        message: null,
      }
      if (test.outcome !== 'errored' && test.outcome !== 'failed') test.outcome = outcome
      said = [attributes['type'], attributes['message']].filter(Boolean).join(': ')
      isListening = true
    }
    const isAlone = { value: false }
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
        isAlone.value = test === null
        begin(outcome, attributes)
      },
      text: (text) => {
        if (isListening && said.length < 20_000) said += (said === '' ? '' : '\n') + text
      },
      close: (name) => {
        if (outcomes.has(name) && test) {
          test.message ??= shortMessage(said)
          isListening = false
          if (isAlone.value) {
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
}

const outcomes = new Map<string, TestCase['outcome']>([
  ['failure', 'failed'],
  ['error', 'errored'],
  ['skipped', 'skipped'],
])
/** What GoogleTest and CTest write as `status` of a test that did not run, without `skipped`. */
const didNotRun = new Set(['notrun', 'disabled'])
/** Surefire: it failed first, and passed when it was run again. */
const flaky = new Set(['flakyFailure', 'flakyError'])
const suiteName = (suites: string[]): string => shortName(suites.filter(Boolean).join(' › '))
