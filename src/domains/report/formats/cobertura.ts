import { type Format, type LineHits } from '../report.ts'
import { numberOf, xmlParser } from './xml.ts'

/** Cobertura's XML: a `class` has a file name and lines; several classes may be in one file. */
export const cobertura: Format = {
  name: 'Cobertura',
  tells: ['coverage'],
  recognises: (head) => /<coverage[\s>]/.test(head) && !/<(project|report)[\s>]/.test(head),
  parser: (sink) => {
    let current: LineHits | null = null
    let isInMethods = false
    return xmlParser({
      open: (name, attributes) => {
        if (name === 'class') current = { file: attributes['filename'] ?? '', hits: new Map() }
        if (name === 'methods') isInMethods = true
        const line = numberOf(attributes['number'])
        // The lines of methods come again among those of the class.
        if (name === 'line' && current && !isInMethods && line !== null)
          current.hits.set(line, (current.hits.get(line) ?? 0) + (numberOf(attributes['hits']) ?? 0))
      },
      close: (name) => {
        if (name === 'methods') isInMethods = false
        if (name !== 'class' || !current) return
        if (current.file !== '') sink.hits(current)
        current = null
      },
    })
  },
}
