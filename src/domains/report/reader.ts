import { text } from 'node:stream/consumers'
import { createPaths } from './paths.ts'
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
      const foreign = collector.foreignFile()
      if (foreign !== null) send({ kind: 'note', sentence: foreignOf(name, foreign) })
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

interface Collector {
  sink: Sink
  /** Sends the rest of the entries of a report, whose name is null when it is not valid. */
  sendEntries(file: string | null): void
  /** A file of a report whose coverage names only files that are not in the repository. */
  foreignFile(): string | null
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
  /** The files of the current report: whether one is in the repository, and one that is not. */
  let covered: { isOwn: boolean; foreign: string | null } = { isOwn: false, foreign: null }
  const addCoverage = ({ file, folders, hits: more }: LineCoverage): void => {
    count('lines', more.size)
    // Files that are not in the repository, such as libraries, do not count.
    const path = pathOf(file, folders)
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
        findings.push({ ...one, file: one.file === null ? null : (pathOf(one.file) ?? one.file) })
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
    foreignFile: () => {
      const { isOwn, foreign } = covered
      covered = { isOwn: false, foreign: null }
      return isOwn || files.length === 0 ? null : foreign
    },
    sendSums: () => {
      const all = [...measurements.values()]
      for (let at = 0; at < all.length; at += batchSize)
        send({ kind: 'measurements', measurements: all.slice(at, at + batchSize) })
      for (const [file, lines] of hits) send(coverageMessage(file, lines))
    },
  }
}

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
