import { defineReportFormat, type LineCoverage, ReportProblem } from '../report.ts'
import { numberOf, xmlParser } from '../xml.ts'

const maxFolders = 100

/**
 * Each `class` names a file, relative to one of the `source` folders, and its lines. Several
 * classes may share a file.
 */
export default defineReportFormat({
  name: 'Cobertura',
  title: 'Cobertura XML',
  topics: ['coverage'],
  hasSignature: true,
  example: `<coverage><sources><source>src</source></sources><packages><package><classes>
<class filename="cart.py"><lines><line number="1" hits="2"/></lines></class>
</classes></package></packages></coverage>`,
  detect: (head) => /<coverage[\s>]/.test(head) && !/<(project|report)[\s>]/.test(head),
  parser: (sink) => {
    let current: LineCoverage | null = null
    let isInMethods = false
    let source: string | null = null
    const folders: string[] = []
    let declared = 0
    let count = 0
    const parser = xmlParser({
      open: (name, attributes) => {
        if (name === 'coverage') declared = numberOf(attributes['lines-valid']) ?? 0
        if (name === 'source') source = ''
        if (name === 'class')
          current = { file: attributes['filename'] ?? '', folders, hits: new Map() }
        if (name === 'methods') isInMethods = true
        const line = numberOf(attributes['number'])
        // The class repeats the lines of its methods.
        if (name === 'line' && current && !isInMethods && line !== null) {
          count += 1
          current.hits.set(
            line,
            (current.hits.get(line) ?? 0) + (numberOf(attributes['hits']) ?? 0),
          )
        }
      },
      text: (text) => {
        if (source !== null) source += text
      },
      close: (name) => {
        if (name === 'source' && folders.length < maxFolders) folders.push((source ?? '').trim())
        if (name === 'source') source = null
        if (name === 'methods') isInMethods = false
        if (name !== 'class' || !current) return
        if (current.file !== '') sink.coverage(current)
        current = null
      },
    })
    return {
      write: parser.write,
      end: () => {
        parser.end()
        if (declared > 0 && count === 0)
          throw new ReportProblem(`states ${declared} executable lines, but lists none`)
      },
    }
  },
})
