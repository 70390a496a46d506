import { z } from 'zod'
import type { FaultAction } from '#host/fault/action.ts'
import { actions } from '#host/fault/actions.generated.ts'

interface Schema {
  properties?: Record<string, { description?: string; default?: unknown }>
  required?: string[]
}

const begin = '<!-- actions, generated -->'
const end = '<!-- end of actions -->'

/** The documentation with one section for each action. */
export const withActions = (text: string): string =>
  text.replace(
    /<!-- actions, generated -->[\s\S]*?<!-- end of actions -->/,
    () => `${begin}\n${(actions as unknown as FaultAction[]).map(sectionOf).join('\n\n')}\n${end}`,
  )

function sectionOf({ name, title, parameters, example, needs }: FaultAction): string {
  const schema = z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any' }) as Schema
  const { properties = {}, required = [] } = schema
  const rows = Object.entries(properties).map(([key, { description = '', default: fallback }]) => {
    const isNeeded = required.includes(key)
    const otherwise = fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``
    return `| \`${key}\` | ${description} | ${isNeeded ? '*must be given*' : otherwise} |`
  })
  const table = ['', '| parameter | what it says | default |', '|---|---|---|', ...rows]
  const wanted = [...(needs.root ? ['root'] : []), ...needs.programs.map((one) => `\`${one}\``)]
  const needed = wanted.length === 0 ? 'It needs no root.' : `It needs ${wanted.join(', ')}.`
  const shown = JSON.stringify(example)
    .replaceAll(/"(\w+)":/g, '$1: ')
    .replaceAll(',', ', ')
  return [
    ...[`### ${name}`, '', `${title}. ${needed}`],
    ...(rows.length === 0 ? [] : [...table, '', `Example: \`${shown}\``]),
  ].join('\n')
}
