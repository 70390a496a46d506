import { SaxesParser } from 'saxes'
import { type ReportParser, ReportProblem } from './report.ts'

const maxDepth = 500

export type Attributes = Record<string, string>

export interface XmlEvents {
  open(name: string, attributes: Attributes): void
  close(name: string): void
  text?(text: string): void
}

/**
 * Reads XML as a stream. Only the five predefined entities are known; any other is an error, so
 * that nothing is expanded.
 */
export function xmlParser({ open, close, text }: XmlEvents): ReportParser {
  const parser = new SaxesParser()
  let depth = 0
  parser.on('error', (error) => {
    throw new ReportProblem(
      `is not well-formed XML: ${error.message.replace(/^\d+:\d+: /, '')}`,
      parser.line,
    )
  })
  parser.on('opentag', ({ name, attributes }) => {
    depth += 1
    if (depth > maxDepth)
      throw new ReportProblem(`is nested more than ${maxDepth} levels deep`, parser.line)
    open(localName(name), attributes)
  })
  parser.on('closetag', ({ name }) => {
    depth -= 1
    close(localName(name))
  })
  if (text) {
    parser.on('text', text)
    parser.on('cdata', text)
  }
  return {
    write: (piece) => void parser.write(piece),
    end: () => {
      if (depth > 0) throw new ReportProblem('is truncated', parser.line)
      parser.close()
    },
  }
}

/** The name without its namespace prefix. */
const localName = (name: string): string => name.slice(name.indexOf(':') + 1)

const maxDigits = 100

/**
 * A number of at least 0; null for any other text. Some producers write numbers for people:
 * `1,234.5`, `1.234,5` or `0,5`. A number such as `1,234`, which may mean both, is unknown.
 */
export function numberOf(text: string | undefined): number | null {
  if (text === undefined || text.length > maxDigits) return null
  const plain = text.includes(',') ? withPoint(text.trim()) : text
  const value = Number(plain?.trim() || NaN)
  return Number.isFinite(value) && value >= 0 ? value : null
}

/** A number with commas as JavaScript writes it; null when it is ambiguous or not a number. */
function withPoint(text: string): string | null {
  const english = /^\d{1,3}(?:,\d{3})+(\.\d*)?$/.exec(text)
  const isGrouped = english !== null && (english[1] !== undefined || text.split(',').length > 2)
  if (isGrouped) return text.replaceAll(',', '')
  // Nobody writes a zero before the separator of thousands.
  if (english && !text.startsWith('0')) return null
  return /^\d+(?:\.\d{3})*,\d+$/.test(text) ? text.replaceAll('.', '').replace(',', '.') : null
}
