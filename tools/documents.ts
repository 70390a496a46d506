// The files that follow from the code: schemas and reference pages.
import { readFileSync } from 'node:fs'
import { openApi } from '#server/openapi.ts'
import { withActions } from './action-reference.ts'
import { cliReference } from './cli-reference.ts'
import { errorReference } from './error-reference.ts'
import { withVocabulary } from './gate-reference.ts'
import { withMonitors } from './monitor-reference.ts'
import { schemaText, withTables } from './pipeline-reference.ts'
import { withFormats } from './report-reference.ts'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** The text of each file, by its path from the root. */
export function documents(): Record<string, string> {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  return {
    'schema/fairlead.schema.json': schemaText(),
    'docs/fairlead-yaml.md': withTables(read('docs/fairlead-yaml.md')),
    'docs/experiment-actions.md': withActions(read('docs/experiment-actions.md')),
    'docs/monitors.md': withMonitors(read('docs/monitors.md')),
    'docs/gates.md': withVocabulary(read('docs/gates.md')),
    'docs/reports.md': withFormats(read('docs/reports.md')),
    'docs/openapi.json': `${JSON.stringify(openApi(version), null, 2)}\n`,
    'docs/errors.md': errorReference(),
    'docs/cli.md': cliReference(version),
  }
}
