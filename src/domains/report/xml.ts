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

/** A number of at least 0, with optional thousands separators; null for any other text. */
export function numberOf(text: string | undefined): number | null {
  const value = Number(text?.replaceAll(/,(?=\d{3})/g, '') || NaN)
  return Number.isFinite(value) && value >= 0 ? value : null
}
