// Writes everything that follows from the code; with --check, says what is not up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openApi } from '#server/openapi.ts'
import { cliReference } from './cli-reference.ts'
import { errorReference } from './error-reference.ts'
import { withVocabulary } from './gate-reference.ts'
import { schemaText, withTables } from './pipeline-reference.ts'
import { registries } from './registries.ts'

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** The generated files by their path from the top. */
export function generatedFiles(): Record<string, string> {
  const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as { version: string }
  return {
    ...registries(),
    'schema/fairlead.schema.json': schemaText(),
    'docs/fairlead-yaml.md': withTables(readFileSync(at('docs/fairlead-yaml.md'), 'utf8')),
    'docs/gates.md': withVocabulary(readFileSync(at('docs/gates.md'), 'utf8')),
    'docs/openapi.json': `${JSON.stringify(openApi(version), null, 2)}\n`,
    'docs/errors.md': errorReference(),
    'docs/cli.md': cliReference(version),
  }
}

function main(): void {
  for (const [path, text] of Object.entries(generatedFiles())) {
    const now = ((): string => {
      try {
        return readFileSync(at(path), 'utf8')
      } catch {
        return ''
      }
    })()
    if (now === text) continue
    if (!process.argv.includes('--check')) writeFileSync(at(path), text)
    else {
      console.error(`${path} is not what the code says: run \`node tools/generate.ts\``)
      process.exitCode = 1
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
