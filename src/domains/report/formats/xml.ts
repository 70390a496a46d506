import { SaxesParser } from 'saxes'
import { type ReportParser, ReportProblem } from '../report.ts'

/** What is nested deeper is no report. */
const deepest = 500

export type Attributes = Record<string, string>

export interface XmlEvents {
  open(name: string, attributes: Attributes): void
  close(name: string): void
  text?(text: string): void
}

/**
 * Reads XML as it comes. There are no entities but the five of XML: what others would stand for is
 * an error.
 */
export function xmlParser({ open, close, text }: XmlEvents): ReportParser {
  const parser = new SaxesParser()
  let depth = 0
  parser.on('error', (error) => {
    throw new ReportProblem(
      `is not whole XML: ${error.message.replace(/^\d+:\d+: /, '')}`,
      parser.line,
    )
  })
  parser.on('opentag', ({ name, attributes }) => {
    depth += 1
    if (depth > deepest) throw new ReportProblem(`is nested more than ${deepest} deep`, parser.line)
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
      if (depth > 0) throw new ReportProblem('ends in the middle', parser.line)
      parser.close()
    },
  }
}

/** Without its namespace's prefix. */
const localName = (name: string): string => name.slice(name.indexOf(':') + 1)

/** A number from 0 as text has it; null for anything else. Thousands may be set off by commas. */
export function numberOf(text: string | undefined): number | null {
  const value = Number(text?.replaceAll(/,(?=\d{3})/g, '') || NaN)
  return Number.isFinite(value) && value >= 0 ? value : null
}
