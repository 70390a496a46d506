import { z } from 'zod'
import type { TargetDefinition } from '#domains/deployment/target.ts'
import { targets } from '#domains/deployment/targets.generated.ts'

interface Schema {
  [key: string]: unknown
  properties?: Record<string, Schema>
  required?: string[]
}

const settingsOf = ({ config }: TargetDefinition): Schema => {
  const { $schema: _schema, ...settings } = z.toJSONSchema(config, {
    ...{ io: 'input', target: 'draft-7' },
  }) as Schema
  return settings
}

/** The JSON Schema of `environments.*.target`: the name of a kind, or a kind with its settings. */
export function targetSchema(): Schema {
  const short = targets.filter(({ config }) => config.safeParse({}).success)
  const long = targets.map((definition) => {
    const { properties, required = [], ...settings } = settingsOf(definition)
    return {
      ...settings,
      description: definition.title,
      properties: { kind: { const: definition.kind }, ...properties },
      required: ['kind', ...required],
    }
  })
  return { anyOf: [{ enum: short.map(({ kind }) => kind) }, ...long] }
}

const begin = '<!-- targets, generated -->'
const end = '<!-- end of targets -->'

/** The documentation with one section for each target. */
export function withTargets(text: string): string {
  const sections = targets.map(sectionOf).join('\n\n')
  return text.replace(
    /<!-- targets, generated -->[\s\S]*?<!-- end of targets -->/,
    () => `${begin}\n${sections}\n${end}`,
  )
}

/** Lines of at most 100 columns. */
const wrapped = (text: string): string[] =>
  text.match(/.{1,100}(?= |$)/g)?.map((line) => line.trim()) ?? []

function sectionOf(definition: TargetDefinition): string {
  const { kind, title, capabilities, example } = definition
  const { properties = {}, required = [] } = settingsOf(definition)
  const names = Object.keys(properties)
  const rows = names.map((name) => {
    const { description = '', default: fallback } = properties[name] ?? {}
    const [, says = '', words] = /^(.*?)(?:; default: (.*))?$/.exec(String(description)) ?? []
    const otherwise = fallback === undefined ? (words ?? '') : `\`${String(fallback)}\``
    return `| \`${name}\` | ${says} | ${required.includes(name) ? '*must be given*' : otherwise} |`
  })
  const able =
    capabilities.length === 0 ? 'none' : capabilities.map((one) => `\`${one}\``).join(', ')
  const value = names.length === 0 ? kind : JSON.stringify({ kind, ...example })
  return [
    `##### ${kind}`,
    '',
    `${title}:`,
    '',
    `\`target: ${value.replaceAll(/"(\w+)":/g, '$1: ').replaceAll(/,(?=\w)/g, ', ')}\``,
    '',
    ...wrapped(`Capabilities: ${able}.`),
    ...(rows.length === 0
      ? []
      : ['', '| key | what it says | default |', '|---|---|---|', ...rows]),
  ].join('\n')
}
