// Writes schema/fairlead.schema.json and the tables of docs/fairlead-yaml.md; with --check, says whether they are up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { schemaText, withTables } from './pipeline-reference.ts'

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
const read = (path: string): string => {
  try {
    return readFileSync(at(path), 'utf8')
  } catch {
    return ''
  }
}
const files: Record<string, string> = {
  'schema/fairlead.schema.json': schemaText(),
  'docs/fairlead-yaml.md': withTables(read('docs/fairlead-yaml.md')),
}
const stale = Object.keys(files).filter((path) => read(path) !== files[path])
if (process.argv.includes('--check')) {
  for (const path of stale) console.error(`${path} is not what the schema says: run \`node tools/generate-schema.ts\``)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  for (const path of stale) writeFileSync(at(path), files[path] ?? '')
}
