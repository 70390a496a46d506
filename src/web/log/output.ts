import { FairleadError } from '#contract/errors.ts'
import type { CommandPage } from '#contract/job/host.ts'

/** What a run wrote, as far as it is loaded. */
export interface Output {
  /** the last lines */
  lines: string[]
  /** lines before them that are not shown */
  left: number
  /** bytes that the host has deleted */
  deleted: number
  /** whether nothing more follows */
  isComplete: boolean
  problem: unknown
}

export const noOutput: Output = {
  ...{ lines: [], left: 0, deleted: 0, isComplete: false, problem: null },
}

/** Lines that the page holds. */
const most = 5000

/** The output with the lines of another page. */
export function withPage(
  output: Output,
  page: { lines: string[]; skipped: number },
  limit = most,
): Output {
  const all = [...output.lines, ...page.lines]
  const excess = Math.max(0, all.length - limit)
  return {
    ...{ lines: all.slice(excess), left: output.left + excess },
    ...{ deleted: output.deleted + page.skipped, isComplete: false, problem: null },
  }
}

/** A page of the output of a run, and its state. */
export interface OutputPage extends CommandPage {
  isRunning: boolean
  hasEnded: boolean
}

/** Reads the output after a position. */
export type ReadOutput = (
  query: { after: number; wait: number },
  signal: AbortSignal,
) => Promise<OutputPage>

/** Milliseconds for which the server waits for more output, and between requests. */
const wait = 10_000
const pause = 1000

/** Reads the output of a run from its beginning until it ends. */
export async function followOutput(
  read: ReadOutput,
  show: (change: (output: Output) => Output) => void,
  signal: AbortSignal,
): Promise<void> {
  let after = 0
  while (!signal.aborted) {
    try {
      const page = await read({ after, wait }, signal)
      if (page.next > after) show((output) => withPage(output, page))
      const isNew = page.next > after
      after = page.next
      if (isNew) continue
      if (page.complete && page.hasEnded)
        return show((output) => ({ ...output, isComplete: true, problem: null }))
      // Without a process, the server does not wait.
      if (!page.isRunning || page.complete) await sleep(pause, signal)
    } catch (problem) {
      if (signal.aborted) return
      show((output) => ({ ...output, problem }))
      if (problem instanceof FairleadError && problem.code !== 'unavailable') return
      await sleep(pause, signal)
    }
  }
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
