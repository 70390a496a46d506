import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { CodeReport } from '#contract/change/code.ts'
import type { InspectorRequest, InspectorMessage } from './inspector-protocol.ts'
import { selfCommand } from '#platform/self.ts'

/** Milliseconds after which a file is skipped. */
const timeoutMs = 20_000
/** Limit of files that may crash the inspector before the inspection is abandoned. */
const maxSkips = 20
/** Megabytes. */
const memory = 1024

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
    signal.throwIfAborted()
    if (at === null || skip.includes(at)) return null
    skip.push(at)
  }
  return null
}

async function once(
  request: InspectorRequest,
  signal: AbortSignal,
): Promise<{ report: CodeReport | null; at: string | null }> {
  const [node, ...args] = selfCommand('inspector')
  const child = spawn(node, [`--max-old-space-size=${memory}`, ...args], {
    cwd: request.repository,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: '/' },
    stdio: ['pipe', 'pipe', 'ignore'],
    signal,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve))
  child.stdin.on('error', () => undefined)
  child.stdin.end(JSON.stringify(request))
  let report: CodeReport | null = null
  let at: string | null = null
  const kill = (): void => void child.kill('SIGKILL')
  let timer = setTimeout(kill, timeoutMs)
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer)
    timer = setTimeout(kill, timeoutMs)
    const message = JSON.parse(line) as InspectorMessage
    if (message.kind === 'at') at = message.blob
    else report = message.report
  }
  clearTimeout(timer)
  await ended
  return { report, at }
}
