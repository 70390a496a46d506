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
