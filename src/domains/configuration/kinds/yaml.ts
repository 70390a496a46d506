import { parseDocument } from 'yaml'
import { defineFileKind } from '../file-kind.ts'

export default defineFileKind({
  kind: 'yaml',
  title: 'YAML',
  names: ['.yaml', '.yml'],
  example: { good: 'port: 8080\nhosts: [a, b]\n', bad: 'port: [8080\n' },
  read: (text) => {
    const document = parseDocument(text)
    const [problem] = document.errors
    if (problem) throw new Error(problem.message.split('\n', 1)[0]?.replace(/:$/, '') ?? '')
    return document.toJS({ maxAliasCount: 100 }) as unknown
  },
  writers: [
    (value) => value,
    (value) => JSON.stringify(value).slice(1, -1),
    (value) => value.replaceAll("'", "''"),
  ],
})
