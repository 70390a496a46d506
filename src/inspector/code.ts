import type { CodeFunction, CodeReport, CodeSummary } from '#contract/change/code.ts'
import { type CodeFile, findDuplicates } from './duplicates.ts'
import { matchFunctions } from './match.ts'

/**
 * A function above this cyclomatic complexity is complex: the limit of NIST 500-235 for experienced
 * teams.
 */
const complexAbove = 15
/** Limit of functions in a report. */
const maxFunctions = 1000

/** The change of a file: its former path, and the added or altered lines. */
export interface Touched {
  before: string | null
  lines: Set<number>
}

/**
 * Builds the report on the code of a commit. `before` is the code of the last good release;
 * `unmeasured` are the files of the commit that were skipped, with the reasons.
 */
export function reportOf(
  now: CodeFile[],
  before: CodeFile[] | null,
  touched: Map<string, Touched>,
  unmeasured: Omit<CodeReport['unmeasured'][number], 'isTouched'>[] = [],
): CodeReport {
  const duplicates = findDuplicates(now)
  const ofBefore = new Map(before?.map((file) => [file.path, file]))
  const functions = now.flatMap((file) => {
    const touch = touched.get(file.path)
    return touch ? functionsOf(file, ofBefore.get(touch.before ?? file.path), touch.lines) : []
  })
  return {
    summary: summaryOf(now, duplicates.lines),
    before: before && summaryOf(before, findDuplicates(before).lines),
    functions: functions.toSorted((a, b) => b.cyclomatic - a.cyclomatic).slice(0, maxFunctions),
    unmeasured: unmeasured.map((one) => ({ ...one, isTouched: touched.has(one.file) })),
    duplicates: [...touched].flatMap(([path, { lines }]) =>
      duplicates
        .of(path)
        .filter(({ line, end }) => [...lines].some((one) => one >= line && one <= end)),
    ),
  }
}

function functionsOf(
  file: CodeFile,
  before: CodeFile | undefined,
  lines: Set<number>,
): CodeFunction[] {
  const matches = matchFunctions(file.inspection, before?.inspection)
  return file.inspection.functions.map((one) => {
    const match = matches.get(one)
    const isTouched = [...lines].some((line) => line >= one.line && line <= one.end)
    return {
      ...one,
      file: file.path,
      // A change that only removes lines touches none, and one of a comment changes no code.
      isChanged: match ? !match.isSame : isTouched,
      before: match
        ? { cyclomatic: match.before.cyclomatic, cognitive: match.before.cognitive }
        : null,
    }
  })
}

function summaryOf(files: CodeFile[], duplicated: number): CodeSummary {
  const languages: Record<string, number> = {}
  for (const { inspection } of files)
    languages[inspection.language] = (languages[inspection.language] ?? 0) + inspection.code
  const functions = files.flatMap(({ inspection }) => inspection.functions)
  return {
    files: files.length,
    lines: sum(files.map(({ inspection }) => inspection.lines)),
    code: sum(files.map(({ inspection }) => inspection.code)),
    functions: functions.length,
    highest: functions.reduce((most, { cyclomatic }) => Math.max(most, cyclomatic), 0),
    complex: functions.filter(({ cyclomatic }) => cyclomatic > complexAbove).length,
    duplicated,
    broken: files.filter(({ inspection }) => inspection.isBroken).length,
    languages,
  }
}

const sum = (numbers: number[]): number => numbers.reduce((all, one) => all + one, 0)
