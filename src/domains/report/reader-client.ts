import { type LimitFailure, type Limits, runLimited } from '#platform/process/limited.ts'
import type {
  BillOfMaterials,
  ReportedFinding,
  ReportedMeasurement,
  ReportFormat,
  TestCase,
} from './report.ts'

/** Which reports to read. */
export interface ReaderRequest {
  /** patterns, relative to `folder` */
  patterns: string[]
  folder: string
  workspace: string
  /** start of the attempt, by the clock of the file system (`fileTime`) */
  since: number
  /** the paths of the repository, to which the paths of reports are mapped */
  files: string[]
}

/** What the reader found, in the order of the reports; sums over all reports come last. */
export type ReaderMessage =
  | { kind: 'begin'; file: string }
  | { kind: 'tests'; tests: TestCase[] }
  | { kind: 'findings'; findings: ReportedFinding[] }
  | { kind: 'measurements'; measurements: ReportedMeasurement[] }
  | { kind: 'material'; file: string; bill: BillOfMaterials }
  | { kind: 'coverage'; file: string; lines: number[]; missed: number[] }
  | { kind: 'end'; file: string; format: Pick<ReportFormat, 'name' | 'topics'> }
  | { kind: 'problem'; sentence: string }
  /** a pattern that matches no report, while others do */
  | { kind: 'unmatched'; pattern: string }
  | { kind: 'note'; sentence: string }

const readerLimits: Limits = { memory: 1024, seconds: 120 }

/**
 * Reads reports in a process of their own, because strangers write them: one that takes too long or
 * too much memory ends that process only. Returns why, in one sentence, or null.
 */
export async function readInProcess(
  request: ReaderRequest,
  receive: (message: ReaderMessage) => Promise<void>,
  options: { limits?: Limits; signal?: AbortSignal } = {},
): Promise<string | null> {
  let file: string | null = null
  const failure = await runLimited({
    face: 'report-reader',
    input: request,
    limits: options.limits ?? readerLimits,
    ...(options.signal ? { signal: options.signal } : {}),
    receive: async (line) => {
      const message = JSON.parse(line) as ReaderMessage
      if (message.kind === 'begin') file = message.file
      await receive(message)
    },
  })
  return failure && sentenceOf(failure, file)
}

const sentenceOf = ({ reason }: LimitFailure, file: string | null): string =>
  `reading ${file === null ? 'the reports' : `the report ${file}`} ${reason}`
