import { type Format, shortMessage, shortName, type TestCase } from '../report.ts'
import { type Attributes, numberOf, xmlParser } from './xml.ts'

/**
 * JUnit's XML as its many producers write it: suites within suites, missing times, retried tests. The schema is the one of
 * Ant's JUnit task; `rerunFailure` and `flakyFailure` are Surefire's.
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
        if (name === 'testsuite' || name === 'testsuites') suites.push(shortName(attributes['name'] ?? ''))
        if (name === 'testcase')
          test = {
            suite: shortName(attributes['classname'] || suiteName(suites)),
            name: shortName(attributes['name'] || '(no name)'),
            outcome: 'passed',
            seconds: numberOf(attributes['time']),
            file: attributes['file'] || null,
            message: null,
          }
        const outcome = outcomes[name]
        if (!outcome) return
        isAlone.value = test === null
        begin(outcome, attributes)
      },
      text: (text) => {
        if (isListening && said.length < 20_000) said += (said === '' ? '' : '\n') + text
      },
      close: (name) => {
        if (outcomes[name] && test) {
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

const outcomes: Record<string, TestCase['outcome']> = { failure: 'failed', error: 'errored', skipped: 'skipped' }
const suiteName = (suites: string[]): string => shortName(suites.filter(Boolean).join(' › '))
