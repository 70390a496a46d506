import type { CommandPage } from '#contract/job/host.ts'
import type { Context } from './context.ts'
import { untilAnswered } from './until-answered.ts'

/** A page of the output of a run, and its state. */
interface OutputPage extends CommandPage {
  isRunning: boolean
  hasEnded: boolean
}

/**
 * Prints what a run wrote, with `follow` until it ends; returns the last page, or null after
 * Ctrl-C.
 */
export async function printPages<P extends OutputPage>(
  context: Context,
  follow: boolean,
  read: (query: { after: number; wait: number }) => Promise<P>,
): Promise<P | null> {
  let after = 0
  while (!context.signal.aborted) {
    const query = { after, wait: follow ? 5000 : 0 }
    const page = await untilAnswered(context, () => read(query))
    if (page === null) return null
    if (page.skipped > 0) context.print(`… ${page.skipped} bytes were deleted …`)
    for (const line of page.lines) context.print(context.isJson() ? JSON.stringify(line) : line)
    const isNew = page.next > after
    after = page.next
    if (isNew) continue
    if (!follow || (page.hasEnded && page.complete)) return page
    // A run that waits for its start has no output to wait for.
    if (!page.isRunning || page.complete) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return null
}
