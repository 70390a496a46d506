import type { CodeReport } from '#contract/change/code.ts'
import type { Inspection } from './analyser.ts'

/** Consecutive lines of code that form a block. */
export const blockLength = 10

export interface CodeFile {
  path: string
  inspection: Inspection
}

interface Place {
  file: number
  /** Index into `at` of its file. */
  from: number
}

export interface Duplicates {
  /** Lines of code, in all files, that are part of a duplicate block. */
  lines: number
  /** Duplicate blocks in a file. */
  of(path: string): CodeReport['duplicates']
}

/**
 * Finds equal blocks of lines, regardless of indentation and comments: in two files, or twice in
 * one without overlap.
 */
export function findDuplicates(files: CodeFile[]): Duplicates {
  const first = new Map<number, Place>()
  const marked = files.map(({ inspection }) => new Uint8Array(inspection.at.length))
  const others = files.map(() => new Map<number, Place>())
  for (const [file, { inspection }] of files.entries()) {
    for (const [from, key] of windows(inspection.hashes)) {
      const known = first.get(key)
      if (known === undefined) first.set(key, { file, from })
      else if (known.file !== file || from - known.from >= blockLength) {
        mark(marked[file], from)
        mark(marked[known.file], known.from)
        others[file]?.set(from, known)
        if (!others[known.file]?.has(known.from))
          others[known.file]?.set(known.from, { file, from })
      }
    }
  }
  const lines = marked.reduce((sum, one) => sum + one.reduce((count, bit) => count + bit, 0), 0)
  return { lines, of: (path) => blocksOf(files, others, path) }
}

function mark(bits: Uint8Array | undefined, from: number): void {
  bits?.fill(1, from, from + blockLength)
}

/**
 * A hash of each run of `blockLength` lines; 53 bits make collisions among half a million unlikely.
 */
function* windows(hashes: number[]): Generator<[number, number]> {
  for (let from = 0; from + blockLength <= hashes.length; from += 1) {
    let high = 0x811c9dc5
    let low = 0x9747b28c
    for (let index = from; index < from + blockLength; index += 1) {
      const hash = hashes[index] ?? 0
      high = Math.imul(high ^ hash, 0x01000193) >>> 0
      low = Math.imul(low ^ (hash >>> 7) ^ (hash << 3), 0x5bd1e995) >>> 0
    }
    yield [from, (high & 0x1fffff) * 0x100000000 + low]
  }
}

/** Windows that follow each other in both places form one block. */
function blocksOf(
  files: CodeFile[],
  others: Map<number, Place>[],
  path: string,
): CodeReport['duplicates'] {
  const index = files.findIndex((one) => one.path === path)
  const { at } = files[index]?.inspection ?? { at: [] }
  const blocks: { from: number; length: number; other: Place }[] = []
  for (const [from, other] of [...(others[index] ?? [])].sort(([a], [b]) => a - b)) {
    const last = blocks.at(-1)
    const isNext = last && from <= last.from + last.length - blockLength + 1
    if (isNext) last.length = from - last.from + blockLength
    else blocks.push({ from, length: blockLength, other })
  }
  return blocks.flatMap(({ from, length, other }) => {
    const target = files[other.file]
    if (!target) return []
    const of = { file: target.path, line: target.inspection.at[other.from] ?? 1 }
    return [{ file: path, line: at[from] ?? 1, end: at[from + length - 1] ?? 1, of }]
  })
}
