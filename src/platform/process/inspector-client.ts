import type { CodeReport } from '#contract/change/code.ts'
import type { InspectorRequest, InspectorMessage } from './inspector-protocol.ts'
import { type Limits, runLimited } from './limited.ts'

/** A file that takes longer than `silence` is skipped. */
const limits: Limits = { memory: 1024, seconds: 300, silence: 20 }
/** Limit of files that may crash the inspector before the inspection is abandoned. */
const maxSkips = 20

/**
 * Compares the code of two commits in a separate process, because the grammars are C code and the
 * input is untrusted. A file that crashes the process or takes too long is skipped, and a new
 * process continues. Null when that does not help.
 */
export async function inspect(
  request: Omit<InspectorRequest, 'skip'>,
  signal: AbortSignal,
): Promise<CodeReport | null> {
  const skip: string[] = []
  while (skip.length < maxSkips) {
    const { report, at } = await once({ ...request, skip }, signal)
    if (report) return report
    if (at === null || skip.includes(at)) return null
    skip.push(at)
  }
  return null
}

async function once(
  input: InspectorRequest,
  signal: AbortSignal,
): Promise<{ report: CodeReport | null; at: string | null }> {
  let report: CodeReport | null = null
  let at: string | null = null
  const receive = (line: string): void => {
    const message = JSON.parse(line) as InspectorMessage
    if (message.kind === 'at') at = message.blob
    else report = message.report
  }
  await runLimited({ face: 'inspector', input, cwd: input.repository, limits, signal, receive })
  return { report, at }
}
