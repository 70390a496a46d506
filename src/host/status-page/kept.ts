import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type StatusPages, statusPages } from '#contract/status-page/pages.ts'

export interface KeptPagesOptions {
  /** Keeps the pages for the next host process. */
  folder: string
  /** milliseconds since 1970 */
  now(): number
  /** milliseconds of a clock that never jumps */
  steady(): number
  log(message: string, fields?: Record<string, unknown>): void
}

/** What the pages show, and whether this is still confirmed. */
export interface KeptPages {
  /** null before the first confirmation */
  pages(): StatusPages | null
  /** ISO 8601; null before the first confirmation */
  confirmed(): string | null
  /** whether the confirmation is too old to be true */
  isStale(): boolean
  /** Replaces and confirms the pages. */
  set(pages: StatusPages): void
}

/** Milliseconds after a confirmation from which a page says `unknown`. */
const confirmedMs = 60_000
const saved = z.object({ page: statusPages, confirmed: z.number() })

/** The pages in memory and on disk. */
export function createKeptPages({ folder, now, steady, log }: KeptPagesOptions): KeptPages {
  const file = join(folder, 'page.json')
  let kept = readSaved(file)
  // The wall clock is only needed for a page of an earlier process; one of the future is not true.
  const age = kept === null ? Infinity : now() - kept.confirmed
  let confirmedAt = age >= 0 ? steady() - age : -Infinity
  let isWritable = true
  const save = (): void => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      writeFileSync(`${file}.draft`, JSON.stringify(kept), { mode: 0o600 })
      renameSync(`${file}.draft`, file)
      isWritable = true
    } catch (error) {
      // A full disk: the page is served from memory; only the next process would not have it.
      if (isWritable) log('the status page cannot be saved', { reason: (error as Error).message })
      isWritable = false
    }
  }
  return {
    pages: () => kept?.page ?? null,
    confirmed: () => kept && new Date(kept.confirmed).toISOString(),
    isStale: () => steady() - confirmedAt > confirmedMs,
    set: (page) => {
      kept = { page, confirmed: now() }
      confirmedAt = steady()
      save()
    },
  }
}

function readSaved(file: string): z.infer<typeof saved> | null {
  try {
    return saved.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}
