import type { DiffFile } from '#contract/change/diff.ts'
import type { FileCoverage, ReportSummary } from '#contract/report/report.ts'

/**
 * Coverage by file, of all lines and of the lines that a change added or altered. The changed files
 * with the most missed lines come first.
 */
export function coverageOf(
  files: { file: string; known: number[]; missed: number[] }[],
  changed: Map<string, Set<number>> | null,
): FileCoverage[] {
  return files
    .map(({ file, known, missed }) => {
      const lines = changed?.get(file)
      const ofChange = known.filter((line) => lines?.has(line))
      const missedOfChange = missed.filter((line) => lines?.has(line))
      const isMissed = new Set(missedOfChange)
      return {
        file,
        lines: known.length,
        covered: known.length - missed.length,
        missed,
        changed: changed && {
          lines: ofChange.length,
          covered: ofChange.length - missedOfChange.length,
          missed: missedOfChange,
          reached: ofChange.filter((line) => !isMissed.has(line)),
        },
      }
    })
    .toSorted(
      (a, b) =>
        (b.changed?.missed.length ?? 0) - (a.changed?.missed.length ?? 0) ||
        (b.changed?.lines ?? 0) - (a.changed?.lines ?? 0) ||
        a.file.localeCompare(b.file),
    )
}

/** Tests, declarations and configuration, which tools of coverage leave out. */
const leftOut = [
  /(^|\/)(tests?|__tests__|spec)\//,
  /(^|[._/-])(test|tests|spec|config)\.\w+$/,
  /_test\.\w+$|\.d\.\w+$/,
  /(^|\/)(test_[^/]*|conftest)\.py$/,
  /Tests?\.(java|kt|cs)$/,
]

/** A line that can run; comments, imports, types and punctuation cannot. */
const executable = /[=(]|\b(return|throw|raise|yield)\b/
const notExecutable = [
  /^(\/\/|#|\/?\*|--)/,
  /^(import|from|package|using|type|interface|declare)\b|^@/,
  /^export (type|interface|declare)\b/,
  /^[\w"']+\??(\([^)]*\))?: [\w<>|[\]]+[;,]?$/,
]

/**
 * The changed files that coverage should contain and does not: code in a language that the reports
 * cover, with lines that can run. Tests, declarations and configuration are not expected.
 */
export function unreportedFiles(
  reported: readonly string[],
  changes: readonly DiffFile[],
): { file: string; lines: number }[] {
  const known = new Set(reported)
  const languages = new Set(reported.map(extensionOf).filter(Boolean))
  return changes.flatMap(({ path, status, hunks }) => {
    const isExpected = status !== 'removed' && languages.has(extensionOf(path))
    if (!isExpected || known.has(path) || matchesOne(leftOut, path)) return []
    const added = hunks.flatMap(({ lines }) => lines.filter(({ kind }) => kind === 'added'))
    const lines = added.filter(({ text }) => isExecutable(text.trim())).length
    return lines === 0 ? [] : [{ file: path, lines }]
  })
}

const extensionOf = (path: string): string => /\.\w+$/.exec(path)?.[0].toLowerCase() ?? ''
const matchesOne = (expressions: RegExp[], text: string): boolean =>
  expressions.some((expression) => expression.test(text))
const isExecutable = (text: string): boolean =>
  text.length < 1000 && executable.test(text) && !matchesOne(notExecutable, text)

/**
 * The sum over all files. Lines of the change that no report mentions do not count: they are not
 * executable, or were not instrumented.
 */
export function sumOf(files: FileCoverage[]): NonNullable<ReportSummary['coverage']> {
  const sum = (of: (file: FileCoverage) => { lines: number; covered: number } | null) =>
    files.reduce(
      (all, file) => ({
        lines: all.lines + (of(file)?.lines ?? 0),
        covered: all.covered + (of(file)?.covered ?? 0),
      }),
      { lines: 0, covered: 0 },
    )
  const isKnown = files.every(({ changed }) => changed !== null)
  return {
    total: sum((file) => file),
    changed: isKnown && files.length > 0 ? sum((file) => file.changed) : null,
  }
}
