import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { partVariable } from '#domains/pipeline/expand.ts'
import { filesOfPart } from '#domains/pipeline/split.ts'
import { failedTests } from '#domains/report/store.ts'
import { findFiles } from '#platform/file/files.ts'
import { compilePatterns, unmatched } from '#platform/file/pattern.ts'
import { runFolders } from '#platform/home.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { StepRequest, WarnedRequest } from './request.ts'
import { pastTests } from '#views/report.ts'

/**
 * For a part of a split step, writes the test files of this part to a file, one per line, and
 * returns the variable that names it, or why there is none: most runners take an empty list for all
 * tests.
 */
export async function selectTests(
  deps: Dependencies,
  request: WarnedRequest,
): Promise<{ problem: null; variables: Record<string, string> } | { problem: string }> {
  const { split, env } = request.file
  if (!split?.files) return { problem: null, variables: {} }
  const files = await findFiles(request.directory, split.files)
  if (files.length === 0) return { problem: noTestFiles(split.files) }
  for (const pattern of unmatched(compilePatterns(split.files), files))
    request.warn(`split.files: the pattern "${pattern}" matches no file`)
  const past = await pastTests(deps.db, request.app, request.run)
  const part = filesOfPart(files, past, Number(env[partVariable] ?? 1), split.into)
  const list = join(runFolders(deps.home, request.run).log, request.name, 'tests')
  await writeFile(list, part.map((path) => `${path}\n`).join(''))
  return { problem: null, variables: { FAIRLEAD_TESTS: list } }
}

/** Why a split step without a test file fails. */
export const noTestFiles = (patterns: string[]): string =>
  `\`split.files\` matches no file: ${patterns.join(', ')}`

/**
 * Writes the names of the tests that failed in an attempt to a file, one per line, for the next
 * attempt. Null when none failed.
 */
export async function writeFailedTests(
  deps: Dependencies,
  { run, name }: StepRequest,
  attempt: number,
): Promise<string | null> {
  const failed = await failedTests(deps.db, run, name, attempt)
  if (failed.length === 0) return null
  const list = join(runFolders(deps.home, run).log, name, `${attempt}.failed`)
  await writeFile(list, failed.map((test) => `${test.name}\n`).join(''))
  return list
}
