import { z } from 'zod'
import { type Format, ReportProblem, shortMessage, shortName, type TestCase } from '../report.ts'
import { lineParser } from './lines.ts'

const text = z.string().optional()
const goEvent = z.object({
  ...{ Action: text, Package: text, Test: text, Output: text, ImportPath: text, FailedBuild: text },
  Elapsed: z.number().optional(),
})
type GoEvent = z.output<typeof goEvent>

const outcomes = new Map<string, TestCase['outcome']>([
  ['pass', 'passed'],
  ['fail', 'failed'],
  ['skip', 'skipped'],
])
/** So much of what a test said is kept while it runs. */
const outputKept = 8000

/**
 * `go test -json` (go doc test2json): an event a line. A test that fails because one inside it does
 * is counted, too, as Go does. A package that fails without a failed test (it does not compile, or
 * panics) is a test that broke; one without an end was broken off.
 */
export const goTest: Format = {
  name: 'go test -json',
  tells: ['tests'],
  recognises: (head) =>
    /^\{"(Time|ImportPath|Action)":.*"Action":"/m.test(head) || /^\{"Action":"/m.test(head),
  parser: (sink) => {
    const output = new Map<string, string>()
    /** what the compiler said, by what it compiled */
    const builds = new Map<string, string>()
    const open = new Set<string>()
    const failed = new Set<string>()
    const keyOf = ({ Package = '', Test = '' }: GoEvent): string => `${Package}\n${Test}`
    const endOf = (event: GoEvent, outcome: TestCase['outcome']): void => {
      const { Package = '', Test, Elapsed } = event
      const said = output.get(keyOf(event)) ?? ''
      output.delete(keyOf(event))
      if (Test !== undefined) {
        if (outcome === 'failed') failed.add(Package)
        const message = outcome === 'passed' ? null : shortMessage(said)
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
          message: shortMessage((builds.get(event.FailedBuild ?? '') ?? '') + said),
        })
    }
    return lineParser(
      (line, number) => {
        // Other output may stand between the events.
        if (!line.startsWith('{')) return
        const event = eventOf(line, number)
        const outcome = outcomes.get(event.Action ?? '')
        // Go before 1.20 does not say that a package starts.
        if (event.Package !== undefined && !outcome) open.add(event.Package)
        if (event.Action === 'output') add(output, keyOf(event), event.Output)
        else if (event.Action === 'build-output') add(builds, event.ImportPath ?? '', event.Output)
        else if (outcome) endOf(event, outcome)
      },
      () => {
        const [broken] = open
        if (broken !== undefined)
          throw new ReportProblem(`ends before the package ${broken} does: it was broken off`)
      },
    )
  },
}

/** Of a test that says much the end is kept. */
const add = (to: Map<string, string>, key: string, said = ''): void =>
  void to.set(key, ((to.get(key) ?? '') + said).slice(-outputKept))

function eventOf(line: string, number: number): GoEvent {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw new ReportProblem('has a line that is not whole JSON', number)
  }
  const event = goEvent.safeParse(json)
  if (!event.success) throw new ReportProblem('has a line that is no event of go test', number)
  return event.data
}
