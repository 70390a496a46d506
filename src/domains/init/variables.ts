import type { Folder } from './folder.ts'
import { firstOf } from './hints.ts'

const given = /^(PORT|HOST|NODE_ENV|RAILS_ENV|APP_ENV|PATH|HOME|FAIRLEAD_.*)$/

/** Names of the variables that an app wants, from its example file and its Django settings. */
export function wantedVariables(folder: Folder): string[] {
  const file = firstOf(folder, ['.env.example', '.env.sample', '.env.template', '.env.dist'])
  const declared = file
    ? [...folder.read(file).matchAll(/^(?:export\s+)?([A-Za-z_]\w*)\s*=/gm)].map(([, name]) => name)
    : []
  const settings = folder.files.filter((path) => /(^|\/)settings(\/\w+)?\.py$/.test(path))
  const required = settings.flatMap((path) =>
    [...folder.read(path).matchAll(/os\.environ\[\s*['"](\w+)['"]\s*\]/g)].map(([, name]) => name),
  )
  const names = [...declared, ...required].flatMap((name) => name ?? [])
  return [...new Set(names)].filter((name) => !given.test(name))
}

/** One sentence that names the variables and the commands that set them; none without variables. */
export function variablesNote(names: string[]): string[] {
  if (names.length === 0) return []
  return [
    `The app wants ${names.join(', ')}. Set each in every environment, such as with ` +
      `\`fairlead secret set APP ENVIRONMENT ${names[0]}\`.`,
  ]
}
