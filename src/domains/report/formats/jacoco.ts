import { type Format, type LineHits } from '../report.ts'
import { numberOf, xmlParser } from './xml.ts'

/** JaCoCo's XML: files within packages; `ci` are the covered instructions of a line. */
export const jacoco: Format = {
  name: 'JaCoCo',
  tells: ['coverage'],
  recognises: (head) =>
    /<report[\s>]/.test(head) && /JACOCO|<sessioninfo|<package|<group/.test(head),
  parser: (sink) => {
    let current: LineHits | null = null
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
        sink.hits(current)
        current = null
      },
    })
  },
}
