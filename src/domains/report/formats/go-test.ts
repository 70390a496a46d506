import { z } from 'zod'
import {
  defineReportFormat,
  ReportProblem,
  shortMessage,
  shortName,
  type TestCase,
} from '../report.ts'
import { lineParser } from '../lines.ts'

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
/** What Go before 1.24 prints, without an event, for a package that it cannot build or load. */
const plainFailure = /^FAIL[ \t]([^ \t]{1,500}) \[(setup|build) failed\]$/
/** Characters of output kept per test while it runs. */
const maxOutput = 8000

/**
 * One event per line (`go doc test2json`). A test that fails because of a subtest counts as well,
 * as in Go. A package that fails without a failed test (a compile error or a panic) becomes one
 * errored test, as does a test that did not end before its package. A package without a final event
 * was interrupted. The plain line of a package whose
 * build or setup failed counts as an errored test, unless an event reports its failure.
 */
export default defineReportFormat({
  name: 'go test -json',
  title: '`go test -json`',
  topics: ['tests'],
  hasSignature: true,
  example: `{"Action":"run","Package":"example.com/shop","Test":"TestCart"}
{"Action":"pass","Package":"example.com/shop","Test":"TestCart","Elapsed":0.01}
{"Action":"pass","Package":"example.com/shop","Elapsed":0.02}
`,
  detect: (head) =>
    /^\{"(Time|ImportPath|Action)":.*"Action":"/m.test(head) || /^\{"Action":"/m.test(head),
  parser: (sink) => {
    const output = new Map<string, string>()
    /** Compiler output by import path. */
    const builds = new Map<string, string>()
    const open = new Set<string>()
    /** Tests that did not end yet, by package. */
    const running = new Map<string, Set<string>>()
    const failed = new Set<string>()
    const failedPackages = new Set<string>()
    /** What failed of each package that a plain line names: `setup` or `build`. */
    const plain = new Map<string, string>()
    const keyOf = ({ Package = '', Test = '' }: GoEvent): string => `${Package}\n${Test}`
    const errored = (suite: string, name: string, message: string): void =>
      sink.test({
        suite: shortName(suite),
        name: shortName(name),
        outcome: 'errored',
        seconds: null,
        file: null,
        message: shortMessage(message),
      })
    const packageFailed = (name: string, message: string): void =>
      errored(name, 'the package', message)
    const begin = ({ Package = '', Test = '' }: GoEvent): void => {
      // Benchmarks have no final event.
      if (Test === '' || Test.startsWith('Benchmark')) return
      running.set(Package, (running.get(Package) ?? new Set()).add(Test))
    }
    const refuseRunning = (name: string): void => {
      for (const Test of running.get(name) ?? []) {
        const message = `did not end\n${output.get(keyOf({ Package: name, Test })) ?? ''}`
        errored(name, Test, message)
      }
      running.delete(name)
    }
    const endOf = (event: GoEvent, outcome: TestCase['outcome']): void => {
      const { Package = '', Test, Elapsed } = event
      const text = output.get(keyOf(event)) ?? ''
      output.delete(keyOf(event))
      if (Test !== undefined) {
        running.get(Package)?.delete(Test)
        if (outcome === 'failed') failed.add(Package)
        const message = outcome === 'passed' ? null : shortMessage(text)
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
      refuseRunning(Package)
      if (outcome === 'failed') failedPackages.add(Package)
      if (outcome === 'failed' && !failed.has(Package))
        packageFailed(Package, (builds.get(event.FailedBuild ?? '') ?? '') + text)
    }
    return lineParser(
      (line, number) => {
        // Other output may appear between the events.
        if (!line.startsWith('{')) {
          const [, name, part] = plainFailure.exec(line) ?? []
          if (name !== undefined && part !== undefined) plain.set(name, part)
          return
        }
        const event = eventOf(line, number)
        const outcome = outcomes.get(event.Action ?? '')
        // Go before 1.20 does not report the start of a package.
        if (event.Package !== undefined && !outcome) open.add(event.Package)
        if (event.Action === 'run') begin(event)
        if (event.Action === 'output') add(output, keyOf(event), event.Output)
        else if (event.Action === 'build-output') add(builds, event.ImportPath ?? '', event.Output)
        else if (outcome) endOf(event, outcome)
      },
      () => {
        for (const [name, part] of plain)
          if (!failedPackages.has(name)) packageFailed(name, `${part} failed`)
        const [unfinished] = open
        if (unfinished !== undefined)
          throw new ReportProblem(`ends before package ${unfinished}: the run was interrupted`)
      },
    )
  },
})

/** Keeps the end of long output. */
const add = (to: Map<string, string>, key: string, text = ''): void =>
  void to.set(key, ((to.get(key) ?? '') + text).slice(-maxOutput))

function eventOf(line: string, number: number): GoEvent {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw new ReportProblem('has a line that is not valid JSON', number)
  }
  const event = goEvent.safeParse(json)
  if (!event.success) throw new ReportProblem('has a line that is not a go test event', number)
  return event.data
}
