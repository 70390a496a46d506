import { z } from 'zod'
import { type ErrorCode, FairleadError } from '#contract/errors.ts'
import { LeadsOut } from '#platform/file/inside.ts'
import { PatternProblem } from '#platform/file/pattern.ts'
import { ContentProblem } from '#platform/oci/layout.ts'

/** Answers that only another request, file or repository changes. */
const finalCodes: ReadonlySet<ErrorCode> = new Set([
  ...(['invalid_input', 'not_found', 'already_exists', 'pipeline_file'] as const),
  ...(['too_large', 'nothing_to_roll_back', 'not_allowed'] as const),
])

/** Errors of calls of the file system that depend on the files of the commit or the artifact. */
const finalErrnos = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG'])
const fileCalls = new Set(['open', 'lstat', 'stat', 'scandir', 'readlink', 'realpath', 'copyfile'])

/**
 * Returns whether an error of a step would be the same at each try, so that the step has failed: a
 * missing or invalid file, invalid input. What depends on other processes, the network, the disk or
 * the database may pass, and so may an error that nobody knows.
 */
export function isFinal(error: unknown): boolean {
  if (error instanceof ContentProblem || error instanceof LeadsOut) return true
  if (error instanceof PatternProblem || error instanceof z.ZodError) return true
  if (error instanceof FairleadError) return finalCodes.has(error.code)
  if (!(error instanceof Error)) return false
  const { code, syscall } = error as NodeJS.ErrnoException
  return finalErrnos.has(code ?? '') && fileCalls.has(syscall ?? '')
}
