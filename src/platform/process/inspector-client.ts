import type { CodeReport } from '#contract/change/code.ts'
import type { InspectorRequest, InspectorMessage } from './inspector-protocol.ts'
import { type LimitFailure, type Limits, runLimited } from './limited.ts'

/** `silence` is the time for one file, `seconds` the time for all of them. */
const inspectorLimits = { memory: 1024, seconds: 300, silence: 20 }
/** Limit of files that may be skipped before the inspection is abandoned. */
const maxSkips = 5

/** Either the report, or the reason why there is none. */
export type InspectedCode =
  | { report: CodeReport; problem: null }
  | { report: null; problem: string }

/**
 * Compares the code of two commits in a separate process, because the grammars are C code and the
 * input is untrusted. A file that crashes the process or exceeds a limit is skipped, and a new
 * process continues.
 */
export async function inspect(
  request: Omit<InspectorRequest, 'skip'>,
  signal: AbortSignal,
  limits: Required<Limits> = inspectorLimits,
): Promise<InspectedCode> {
  const skip: InspectorRequest['skip'] = []
  let left = limits.seconds
  for (;;) {
    const { report, failure, at } = await once({ ...request, skip }, signal, {
      ...limits,
      seconds: left,
    })
    if (report) return { report, problem: null }
    const reason = failure?.reason ?? 'ended without a result'
    left -= failure?.spent ?? left
    const isNew = at !== null && !skip.some(({ blob }) => blob === at.blob)
    if (!isNew || skip.length >= maxSkips || left <= 0)
      return { report: null, problem: `the analysis ${reason}${at ? `, at ${at.file}` : ''}` }
    skip.push({ blob: at.blob, reason })
  }
}

interface Attempt {
  report: CodeReport | null
  failure: LimitFailure | null
  /** The file that was measured last. */
  at: { blob: string; file: string } | null
}

async function once(
  input: InspectorRequest,
  signal: AbortSignal,
  limits: Limits,
): Promise<Attempt> {
  const attempt: Attempt = { report: null, failure: null, at: null }
  const receive = (line: string): void => {
    const message = JSON.parse(line) as InspectorMessage
    if (message.kind === 'at') attempt.at = message
    else attempt.report = message.report
  }
  const request = { face: 'inspector', input, cwd: input.repository, limits, signal, receive }
  attempt.failure = await runLimited(request)
  return attempt
}
