import { defineReportFormat, type LineCoverage, ReportProblem } from '../report.ts'
import { numberOf, xmlParser } from '../xml.ts'

/** JaCoCo's XML: files within packages; `ci` are the covered instructions of a line. */
export default defineReportFormat({
  name: 'JaCoCo',
  title: 'JaCoCo XML',
  topics: ['coverage'],
  hasSignature: true,
  example: `<report name="shop"><package name="com/shop"><sourcefile name="Cart.java">
<line nr="3" mi="0" ci="2"/></sourcefile></package></report>`,
  detect: (head) => /<report[\s>]/.test(head) && /JACOCO|<sessioninfo|<package|<group/.test(head),
  parser: (sink) => {
    let current: LineCoverage | null = null
    let folder = ''
    let declared = 0
    let count = 0
    const parser = xmlParser({
      open: (name, attributes) => {
        if (name === 'package') folder = attributes['name'] ?? ''
        if (name === 'sourcefile')
          current = {
            file: [folder, attributes['name'] ?? ''].filter(Boolean).join('/'),
            hits: new Map(),
          }
        const line = numberOf(attributes['nr'])
        if (name === 'counter' && attributes['type'] === 'LINE')
          declared += (numberOf(attributes['missed']) ?? 0) + (numberOf(attributes['covered']) ?? 0)
        if (name === 'line' && current && line !== null) {
          count += 1
          current.hits.set(line, numberOf(attributes['ci']) ?? 0)
        }
      },
      close: (name) => {
        if (name !== 'sourcefile' || !current) return
        sink.coverage(current)
        current = null
      },
    })
    return {
      write: parser.write,
      end: () => {
        parser.end()
        if (declared > 0 && count === 0)
          throw new ReportProblem('states numbers of executable lines, but lists no line')
      },
    }
  },
})
