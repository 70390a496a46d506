import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { CodeReport } from '#contract/change/code.ts'
import type { Asked, Said } from './inspector-protocol.ts'
import { selfCommand } from '#platform/self.ts'

/** Milliseconds after which a file is skipped. */
const patience = 20_000
/** Limit of files that may crash the inspector before the inspection is abandoned. */
const skipsAtMost = 20
/** Megabytes. */
const memory = 1024

/**
 * Compares the code of two commits in a separate process, because the grammars are C code and the
 * input is untrusted. A file that crashes the process or takes too long is skipped, and a new
 * process continues. Null when that does not help.
 */
export async function inspect(
  asked: Omit<Asked, 'skip'>,
  signal: AbortSignal,
): Promise<CodeReport | null> {
  const skip: string[] = []
  while (skip.length < skipsAtMost) {
    const { report, at } = await once({ ...asked, skip }, signal)
    if (report) return report
    signal.throwIfAborted()
    if (at === null || skip.includes(at)) return null
    skip.push(at)
  }
  return null
}

async function once(
  asked: Asked,
  signal: AbortSignal,
): Promise<{ report: CodeReport | null; at: string | null }> {
  const [node, ...args] = selfCommand('inspector')
  const child = spawn(node, [`--max-old-space-size=${memory}`, ...args], {
    cwd: asked.repository,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: '/' },
    stdio: ['pipe', 'pipe', 'ignore'],
    signal,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve))
  child.stdin.on('error', () => undefined)
  child.stdin.end(JSON.stringify(asked))
  let report: CodeReport | null = null
  let at: string | null = null
  const kill = (): void => void child.kill('SIGKILL')
  let timer = setTimeout(kill, patience)
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer)
    timer = setTimeout(kill, patience)
    const said = JSON.parse(line) as Said
    if (said.kind === 'at') at = said.blob
    else report = said.report
  }
  clearTimeout(timer)
  await ended
  return { report, at }
}
