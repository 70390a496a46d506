import { type Format, type LineHits } from '../report.ts'
import { numberOf, xmlParser } from './xml.ts'

const foldersAtMost = 100

/**
 * Cobertura's XML: a `class` has a file name, in one of the folders that are its `source`, and
 * lines; several classes may be in one file.
 */
export const cobertura: Format = {
  name: 'Cobertura',
  tells: ['coverage'],
  recognises: (head) => /<coverage[\s>]/.test(head) && !/<(project|report)[\s>]/.test(head),
  parser: (sink) => {
    let current: LineHits | null = null
    let isInMethods = false
    let source: string | null = null
    const folders: string[] = []
    return xmlParser({
      open: (name, attributes) => {
        if (name === 'source') source = ''
        if (name === 'class')
          current = { file: attributes['filename'] ?? '', folders, hits: new Map() }
        if (name === 'methods') isInMethods = true
        const line = numberOf(attributes['number'])
        // The lines of methods come again among those of the class.
        if (name === 'line' && current && !isInMethods && line !== null)
          current.hits.set(
            line,
            (current.hits.get(line) ?? 0) + (numberOf(attributes['hits']) ?? 0),
          )
      },
      text: (text) => {
        if (source !== null) source += text
      },
      close: (name) => {
        if (name === 'source' && folders.length < foldersAtMost) folders.push((source ?? '').trim())
        if (name === 'source') source = null
        if (name === 'methods') isInMethods = false
        if (name !== 'class' || !current) return
        if (current.file !== '') sink.hits(current)
        current = null
      },
    })
  },
}
