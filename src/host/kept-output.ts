import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import { logTail, type LogLine } from '#contract/host/output.ts'

/** Removed releases of an environment whose output is kept, and for how long. */
const releasesKept = 10
const keptMs = 30 * 86_400_000

/**
 * Keeps the masked output of a removed release, one file for each in the folder of its environment.
 * `now` is in milliseconds.
 */
export function keepOutput(folder: string, release: number, lines: LogLine[], now: number): void {
  if (lines.length === 0) return
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = fileOf(folder, release)
  writeFileSync(file, JSON.stringify(lines), { mode: 0o600 })
  utimesSync(file, now / 1000, now / 1000)
  const kept = readdirSync(folder)
    .map((name) => ({ path: join(folder, name), written: statSync(join(folder, name)).mtimeMs }))
    .toSorted((one, other) => other.written - one.written || byRelease(other.path, one.path))
  for (const [place, { path, written }] of kept.entries())
    if (place >= releasesKept || written < now - keptMs) rmSync(path, { force: true })
}

/** The kept output of a removed release; null when there is none. */
export function readKeptOutput(folder: string, release: number): LogLine[] | null {
  try {
    return keptLines.parse(JSON.parse(readFileSync(fileOf(folder, release), 'utf8')))
  } catch {
    return null
  }
}

const keptLines: z.ZodType<LogLine[]> = logTail.shape.lines

const fileOf = (folder: string, release: number): string => join(folder, `${release}.json`)

const byRelease = (one: string, other: string): number => releaseOf(one) - releaseOf(other)
const releaseOf = (path: string): number => Number(/(\d+)\.json$/.exec(path)?.[1] ?? 0)
