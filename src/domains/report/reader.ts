import { text } from 'node:stream/consumers'
import { createPaths, fileOf } from './paths.ts'
import { findReports, readReport, reportName } from './read.ts'
import type { ReaderMessage, ReaderRequest } from './reader-client.ts'
import {
  type BillOfMaterials,
  type LineCoverage,
  type ReportedFinding,
  type ReportedMeasurement,
  ReportProblem,
  type Sink,
  type TestCase,
} from './report.ts'

/** Entries per message. */
const batchSize = 2000
/** Limits of all reports of a step. */
const limits = {
  tests: 1_000_000,
  findings: 100_000,
  measurements: 100_000,
  lines: 10_000_000,
}

type Send = (message: ReaderMessage) => void

/**
 * The face that reads the reports of a step in a process of its own. It receives its request as
 * JSON on standard input, and writes one message on each line.
 */
export async function main(): Promise<number> {
  const request = JSON.parse(await text(process.stdin)) as ReaderRequest
  await readAll(request, (message) => void process.stdout.write(`${JSON.stringify(message)}\n`))
  return 0
}

/** Reads all reports of a request. A report with a problem does not stop the others. */
async function readAll(request: ReaderRequest, send: Send): Promise<void> {
  const collector = createCollector(request, send)
  try {
    const { files, unmatched } = await findReports(request.folder, request.patterns, request)
    if (files.length === 0)
      send({
        kind: 'problem',
        sentence: `no report matches ${request.patterns.map((one) => `\`${one}\``).join(', ')}`,
      })
    else for (const pattern of unmatched) send({ kind: 'unmatched', pattern })
    for (const file of files) await readOne(file, reportName(request.workspace, file))
  } catch (error) {
    if (!(error instanceof ReportProblem)) throw error
    send({ kind: 'problem', sentence: `a report ${error.message}` })
  }
  collector.sendSums()

  async function readOne(file: string, name: string): Promise<void> {
    send({ kind: 'begin', file: name })
    try {
      const { name: format, topics } = await readReport(file, collector.sink)
      collector.sendEntries(name)
      send({ kind: 'end', file: name, format: { name: format, topics } })
      for (const sentence of collector.pathNotes(name)) send({ kind: 'note', sentence })
    } catch (error) {
      if (!(error instanceof ReportProblem)) throw error
      collector.sendEntries(null)
      send({ kind: 'problem', sentence: problemOf(error, name) })
    }
  }
}

const problemOf = ({ message, line }: ReportProblem, file: string): string =>
  `the report ${file} ${message}${line === null ? '' : ` (line ${line})`}`

const foreignOf = (report: string, file: string): string =>
  `the report ${report} covers no file of the repository, but, for example, ${file}`

function ambiguousOf(report: string, paths: Set<string>): string {
  const [first] = paths
  const all = paths.size === 1 ? first : `${paths.size} paths, such as ${first},`
  return `coverage of ${all} in the report ${report} is left out: several files match`
}

interface Collector {
  sink: Sink
  /** Sends the rest of the entries of a report, whose name is null when it is not valid. */
  sendEntries(file: string | null): void
  /** Sentences about the paths in the coverage of the current report that fit no single file. */
  pathNotes(report: string): string[]
  /** Sends what is known only after the last report. */
  sendSums(): void
}

function createCollector({ files, workspace }: ReaderRequest, send: Send): Collector {
  const pathOf = createPaths(files, [workspace])
  const counts = { tests: 0, findings: 0, measurements: 0, lines: 0 }
  const hits = new Map<string, Map<number, number>>()
  let bills: BillOfMaterials[] = []
  let tests: TestCase[] = []
  let findings: ReportedFinding[] = []
  /** By name: the last one counts. */
  const measurements = new Map<string, ReportedMeasurement>()
  const count = (what: keyof typeof limits, more: number): void => {
    counts[what] += more
    if (counts[what] > limits[what])
      throw new ReportProblem(
        `has, with those before it, more than ${limits[what].toLocaleString('en')} ${nouns[what]}`,
      )
  }
  const flush = (least: number): void => {
    if (tests.length >= least) send({ kind: 'tests', tests: tests.splice(0) })
    if (findings.length >= least) send({ kind: 'findings', findings: findings.splice(0) })
  }
  let covered = noPaths()
  const addCoverage = ({ file, folders, hits: more }: LineCoverage): void => {
    count('lines', more.size)
    // Files that are not in the repository, such as libraries, do not count.
    const found = pathOf(file, folders)
    if (found === 'ambiguous') return void covered.ambiguous.add(file)
    const path = fileOf(found)
    covered.isOwn ||= path !== null
    if (path === null) return void (covered.foreign ??= file)
    const all = hits.get(path) ?? new Map<number, number>()
    for (const [line, times] of more) all.set(line, (all.get(line) ?? 0) + times)
    hits.set(path, all)
  }
  return {
    sink: {
      test: (one) => {
        count('tests', 1)
        tests.push(one)
        flush(batchSize)
      },
      coverage: addCoverage,
      finding: (one) => {
        count('findings', 1)
        findings.push({
          ...one,
          file: one.file === null ? null : (fileOf(pathOf(one.file)) ?? one.file),
        })
        flush(batchSize)
      },
      measurement: (one) => {
        if (!measurements.has(one.name)) count('measurements', 1)
        measurements.set(one.name, one)
      },
      materials: (one) => void bills.push(one),
    },
    sendEntries: (file) => {
      flush(1)
      if (file !== null) for (const bill of bills) send({ kind: 'material', file, bill })
      bills = []
    },
    pathNotes: (report) => {
      const { isOwn, foreign, ambiguous } = covered
      covered = noPaths()
      if (files.length === 0) return []
      return [
        ...(isOwn || foreign === null ? [] : [foreignOf(report, foreign)]),
        ...(ambiguous.size > 0 ? [ambiguousOf(report, ambiguous)] : []),
      ]
    },
    sendSums: () => {
      const all = [...measurements.values()]
      for (let at = 0; at < all.length; at += batchSize)
        send({ kind: 'measurements', measurements: all.slice(at, at + batchSize) })
      for (const [file, lines] of hits) send(coverageMessage(file, lines))
    },
  }
}

/** The paths in the coverage of the current report. */
interface CoveredPaths {
  /** whether one is in the repository */
  isOwn: boolean
  /** one that is not */
  foreign: string | null
  /** paths that several files of the repository match */
  ambiguous: Set<string>
}

const noPaths = (): CoveredPaths => ({ isOwn: false, foreign: null, ambiguous: new Set() })

const nouns: Record<keyof typeof limits, string> = {
  tests: 'tests',
  findings: 'findings',
  measurements: 'measurements',
  lines: 'lines of coverage',
}

function coverageMessage(file: string, hits: Map<number, number>): ReaderMessage {
  const lines = [...hits.keys()].filter((line) => line > 0).sort((a, b) => a - b)
  return { kind: 'coverage', file, lines, missed: lines.filter((line) => hits.get(line) === 0) }
}
