import { type Format, ReportProblem, shortMessage, shortName, type TestCase } from '../report.ts'
import { lineParser } from './lines.ts'

interface GoEvent {
  Action?: string
  Package?: string
  Test?: string
  Elapsed?: number
  Output?: string
}

const outcomes: Record<string, TestCase['outcome']> = { pass: 'passed', fail: 'failed', skip: 'skipped' }

/**
 * `go test -json` (go doc test2json): an event a line. A test that fails because one inside it does is counted, too, as Go does. A package
 * that fails without a failed test (it does not compile, or panics) is a test that broke; one without an end was broken off.
 */
export const goTest: Format = {
  name: 'go test -json',
  tells: ['tests'],
  recognises: (head) => /^\{"(Time|ImportPath|Action)":.*"Action":"/m.test(head) || /^\{"Action":"/m.test(head),
  parser: (sink) => {
    const output = new Map<string, string[]>()
    const open = new Set<string>()
    const failed = new Set<string>()
    const keyOf = ({ Package = '', Test = '' }: GoEvent): string => `${Package}\n${Test}`
    const endOf = (event: GoEvent, outcome: TestCase['outcome']): void => {
      const { Package = '', Test, Elapsed } = event
      const said = output.get(keyOf(event)) ?? []
      output.delete(keyOf(event))
      if (Test !== undefined) {
        if (outcome === 'failed') failed.add(Package)
        const message = outcome === 'passed' ? null : shortMessage(said.join(''))
        sink.test({
          suite: shortName(Package),
          name: shortName(Test),
          outcome,
          seconds: Elapsed ?? null,
          file: null,
          message,
        })
        return
      }
      open.delete(Package)
      if (outcome === 'failed' && !failed.has(Package))
        sink.test({
          suite: shortName(Package),
          name: 'the package',
          outcome: 'errored',
          seconds: null,
          file: null,
          message: shortMessage(said.join('')),
        })
    }
    return lineParser(
      (line, number) => {
        // Other output may stand between the events.
        if (!line.startsWith('{')) return
        const event = eventOf(line, number)
        if (event.Action === 'start') open.add(event.Package ?? '')
        const outcome = outcomes[event.Action ?? '']
        if (event.Action === 'output')
          output.set(keyOf(event), [...(output.get(keyOf(event)) ?? []).slice(-200), event.Output ?? ''])
        else if (outcome) endOf(event, outcome)
      },
      () => {
        const [broken] = open
        if (broken !== undefined) throw new ReportProblem(`ends before the package ${broken} does: it was broken off`)
      },
    )
  },
}

function eventOf(line: string, number: number): GoEvent {
  try {
    return JSON.parse(line) as GoEvent
  } catch {
    throw new ReportProblem('has a line that is not whole JSON', number)
  }
}
