import { createReadStream, existsSync } from 'node:fs'
import { appendFile, mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { analysisVersion, type Inspection } from './analyser.ts'

/** A file that exceeded a limit or crashed the inspector, and how. */
export interface Unmeasured {
  unmeasured: string
}
/** Null for a file that is not measured on purpose, such as a generated one. */
export type Measured = Inspection | Unmeasured | null

/** Limit in bytes above which unused entries are dropped. */
const compactAbove = 64 * 1024 * 1024

/** Measurements by blob. */
export interface InspectionCache {
  get(blob: string): Measured | undefined
  put(blob: string, inspection: Measured): void
  /** Writes new entries. A large file is rewritten with the entries that were used. */
  save(): Promise<void>
}

/**
 * A file of JSON lines keyed by git's blob id; the id determines the content, so entries never
 * become stale. Torn lines are skipped.
 */
export async function openCache(file: string): Promise<InspectionCache> {
  const known = new Map<string, Measured>()
  const fresh = new Set<string>()
  const asked = new Set<string>()
  for await (const line of linesOf(file)) {
    const entry = read(line)
    if (entry) known.set(entry.blob, entry.inspection)
  }
  const text = (blobs: Set<string>): string =>
    [...blobs]
      .map(
        (blob) =>
          `${JSON.stringify({ v: analysisVersion, blob, inspection: known.get(blob) ?? null })}\n`,
      )
      .join('')
  return {
    get: (blob) => {
      asked.add(blob)
      return known.get(blob)
    },
    put: (blob, inspection) => {
      asked.add(blob)
      fresh.add(blob)
      known.set(blob, inspection)
    },
    save: async () => {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      if (fresh.size > 0) await appendFile(file, text(fresh), { mode: 0o600 })
      fresh.clear()
      if (!existsSync(file) || (await stat(file)).size < compactAbove) return
      await writeFile(`${file}.${process.pid}`, text(asked), { mode: 0o600 })
      await rename(`${file}.${process.pid}`, file)
    },
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  if (existsSync(file)) yield* createInterface({ input: createReadStream(file) })
}

function read(line: string): { blob: string; inspection: Measured } | null {
  try {
    const entry = JSON.parse(line) as { v: number; blob: string; inspection: Measured }
    return entry.v === analysisVersion ? entry : null
  } catch {
    return null
  }
}
