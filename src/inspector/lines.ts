/** Lines that are alike everywhere say nothing of duplication. */
const usual = /^(import|from|export \* from|#include|using|package|use|require|require_relative)\b/

/** Counts the lines of a text, without the comments (ranges of characters, in order), and hashes those that may be duplicates. */
export function codeLines(
  text: string,
  comments: [number, number][],
): { lines: number; code: number; at: number[]; hashes: number[] } {
  const lines = withoutRanges(text, comments).split('\n')
  const at: number[] = []
  const hashes: number[] = []
  let code = 0
  for (const [index, line] of lines.entries()) {
    const plain = line.trim()
    if (plain === '') continue
    code += 1
    if (!/\w/.test(plain) || usual.test(plain)) continue
    at.push(index + 1)
    hashes.push(hashOf(plain.replaceAll(/\s+/g, ' ')))
  }
  return { lines: text === '' ? 0 : lines.length - (text.endsWith('\n') ? 1 : 0), code, at, hashes }
}

/** Line ends within the ranges stay. */
function withoutRanges(text: string, ranges: [number, number][]): string {
  const parts: string[] = []
  let from = 0
  for (const [start, end] of ranges) {
    if (start < from) continue
    parts.push(text.slice(from, start), text.slice(start, end).replaceAll(/[^\n]+/g, ' '))
    from = end
  }
  parts.push(text.slice(from))
  return parts.join('')
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
