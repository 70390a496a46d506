/** The measurements of the lines of a text. */
export interface LineFacts {
  /** All lines; a final line end does not start another. */
  lines: number
  /** Lines with more than blanks and comments. */
  code: number
  /**
   * Numbers, from 1, of lines of code with a letter or digit, and the FNV-1a hash of each (32 bits,
   * unsigned).
   */
  codeLines: number[]
  lineHashes: number[]
}

const offset = 0x811c9dc5
const prime = 0x01000193
const lineFeed = 10
const blank = 32

/**
 * Counts and hashes the lines of a text without its comments, given as alternating start and end
 * positions in order. Leading and trailing blanks are ignored, inner ones count as one. Hashes
 * cover UTF-16 code units.
 */
export function measureLines(text: string, comments: number[]): LineFacts {
  const facts: LineFacts = { lines: 0, code: 0, codeLines: [], lineHashes: [] }
  const line: Line = { hash: offset, isEmpty: true, isGap: false, hasWord: false }
  let next = 0
  for (let at = 0; at < text.length; at += 1) {
    while ((comments[next + 1] ?? Infinity) <= at) next += 2
    const unit = text.charCodeAt(at)
    if (unit === lineFeed) endLine(facts, line)
    else if (at >= (comments[next] ?? Infinity)) line.isGap = true
    else addUnit(line, unit)
  }
  if (text !== '' && !text.endsWith('\n')) endLine(facts, line)
  return facts
}

interface Line {
  hash: number
  isEmpty: boolean
  /** A blank or a comment precedes the next unit. */
  isGap: boolean
  hasWord: boolean
}

function addUnit(line: Line, unit: number): void {
  if (isBlank(unit)) {
    line.isGap = true
    return
  }
  if (line.isGap && !line.isEmpty) line.hash = Math.imul(line.hash ^ blank, prime)
  line.hash = Math.imul(line.hash ^ unit, prime)
  line.isEmpty = false
  line.isGap = false
  line.hasWord ||= isWord(unit)
}

function endLine(facts: LineFacts, line: Line): void {
  facts.lines += 1
  if (!line.isEmpty) facts.code += 1
  if (line.hasWord) {
    facts.codeLines.push(facts.lines)
    facts.lineHashes.push(line.hash >>> 0)
  }
  line.hash = offset
  line.isEmpty = true
  line.isGap = false
  line.hasWord = false
}

/** ASCII blanks, the no-break space and the byte order mark. */
const isBlank = (unit: number): boolean =>
  unit === blank || (unit >= 9 && unit <= 13) || unit === 0xa0 || unit === 0xfeff

/** A digit, an ASCII letter, or anything beyond ASCII. */
const isWord = (unit: number): boolean =>
  (unit >= 97 && unit <= 122) ||
  (unit >= 65 && unit <= 90) ||
  (unit >= 48 && unit <= 57) ||
  unit > 127 ||
  unit === 95
