import { defineReportFormat, type LineCoverage } from '../report.ts'
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
    return xmlParser({
      open: (name, attributes) => {
        if (name === 'package') folder = attributes['name'] ?? ''
        if (name === 'sourcefile')
          current = {
            file: [folder, attributes['name'] ?? ''].filter(Boolean).join('/'),
            hits: new Map(),
          }
        const line = numberOf(attributes['nr'])
        if (name === 'line' && current && line !== null)
          current.hits.set(line, numberOf(attributes['ci']) ?? 0)
      },
      close: (name) => {
        if (name !== 'sourcefile' || !current) return
        sink.coverage(current)
        current = null
      },
    })
  },
})
