import { z } from 'zod'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { monitorProperties } from './monitor-reference.ts'
import { targetSchema, withTargets } from './target-reference.ts'

/** JSON Schema as far as our own has it. */
interface Schema {
  [key: string]: unknown
  type?: string
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  additionalProperties?: Schema | false
  propertyNames?: Schema
  items?: Schema
  shorthand?: string | null
  description?: string
  default?: unknown
}

/** The JSON Schema of `fairlead.yaml` for editors, as the text of its file. */
export function schemaText(): string {
  const { $schema, anyOf, ...rest } = editorSchema()
  // An empty file is refused, though nothing at all stands for an empty mapping elsewhere.
  const file = { ...rest, ...anyOf?.find((form) => form.type === 'object') }
  const schema = withMonitorSchema(withTargetSchema(file))
  const head = {
    $schema,
    $id: 'https://fairlead.dev/schema/fairlead.schema.json',
    title: 'fairlead.yaml',
  }
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`
}

/** The schema with the settings of every target in place of an open mapping. */
function withTargetSchema(schema: Schema): Schema {
  const environment = schema.properties?.['environments']
  const forms = [environment, ...(environment?.anyOf ?? [])]
  const each = forms.map((form) => form?.additionalProperties).find(Boolean) || undefined
  const file = each?.anyOf?.find((form) => form.properties?.['target'])
  if (!file?.properties) throw new Error('the schema of environments has no target')
  const { description, default: fallback } = file.properties['target'] ?? {}
  file.properties['target'] = { description, default: fallback, ...targetSchema() } as Schema
  return schema
}

/** The schema with the settings of every kind of monitor in place of an open mapping. */
function withMonitorSchema(schema: Schema): Schema {
  const monitors = schema.properties?.['monitors']
  const forms = [monitors, ...(monitors?.anyOf ?? [])]
  const each = forms.map((form) => form?.additionalProperties).find(Boolean) || undefined
  const file = each?.anyOf?.find((form) => form.properties?.['needs'])
  if (!file?.properties) throw new Error('the schema of monitors has no keys')
  for (const [kind, settings] of Object.entries(monitorProperties()))
    file.properties[kind] = widen(settings)
  file.additionalProperties = false
  return schema
}

function editorSchema(): Schema {
  return widen(z.toJSONSchema(pipelineFile, { io: 'input', target: 'draft-7' }) as Schema)
}

/** Shows each shorthand beside the long form. */
function widen(schema: Schema): Schema {
  const { shorthand, ...rest } = mapChildren(schema, widen)
  if (shorthand === undefined) return rest
  const { $schema, description, default: fallback, ...long } = rest
  const bare = bareForms(shorthand, long)
  const forms = bare.length === 0 ? long : { anyOf: [...bare, long] }
  return {
    ...($schema === undefined ? {} : { $schema }),
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...forms,
  }
}

function bareForms(shorthand: string | null, long: Schema): Schema[] {
  if (shorthand === null) return [{ type: 'null' }]
  if (shorthand === '') return long.items ? [long.items] : []
  const { default: _default, anyOf, ...form } = long.properties?.[shorthand] ?? {}
  return anyOf ? anyOf.map((one) => ({ ...form, ...one })) : [form]
}

function mapChildren(schema: Schema, map: (child: Schema) => Schema): Schema {
  const { properties, additionalProperties, items, anyOf, ...rest } = schema
  return {
    ...rest,
    ...(anyOf ? { anyOf: anyOf.map(map) } : {}),
    ...(items ? { items: map(items) } : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, child]) => [key, map(child)]),
          ),
        }
      : {}),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: additionalProperties && map(additionalProperties) }),
  }
}

const begin = (place: string): string => `<!-- keys of ${place}, generated -->`
const end = '<!-- end -->'

/**
 * The documentation with its tables of keys as the schema has them. Throws when a place that it
 * names has no keys.
 */
export function withTables(text: string): string {
  return withTargets(text).replace(
    /<!-- keys of (.+?), generated -->[\s\S]*?<!-- end -->/g,
    (_, place: string) => `${begin(place)}\n${table(place)}\n${end}`,
  )
}

/** The places that have keys: `the file`, `steps`, `services`, `services.health` … */
export function places(): string[] {
  return [...objects(editorSchema(), [])].map(([place]) => place)
}

function table(place: string): string {
  const found = new Map(objects(editorSchema(), [])).get(place)
  if (!found) throw new Error(`docs/fairlead-yaml.md: the schema has no keys at ${place}`)
  const rows = Object.entries(found.properties ?? {}).map(
    ([key, schema]) =>
      `| \`${key}\` | ${cells(schema, (found['required'] as string[] | undefined)?.includes(key) === true).join(' | ')} |`,
  )
  return ['| key | description | default |', '|---|---|---|', ...rows].join('\n')
}

/**
 * What a key says and its default: a description may end in words for a default that is no value.
 */
function cells(schema: Schema, required: boolean): [string, string] {
  const [, says = '', words] = /^(.*?)(?:; default: (.*))?$/.exec(schema.description ?? '') ?? []
  if (required) return [says, '*required*']
  return [says, words ?? defaultOf(schema)]
}

function defaultOf(schema: Schema): string {
  const value = schema.default
  if (value === undefined) return ''
  if (Array.isArray(value))
    return value.length === 0 ? 'none' : value.map((item) => `\`${item}\``).join(', ')
  if (typeof value !== 'object' || value === null) return `\`${String(value)}\``
  const names = Object.keys(value)
  if (names.length > 0) return names.map((name) => `\`${name}\``).join(', ')
  return [...objects(schema, [])].length > 0 && !schema.propertyNames ? 'as below' : 'none'
}

function* objects(schema: Schema, path: string[]): Generator<[string, Schema]> {
  for (const form of [schema, ...(schema.anyOf ?? [])]) {
    if (form.properties) {
      yield [path.join('.') || 'the file', form]
      for (const [key, child] of Object.entries(form.properties))
        yield* objects(child, [...path, key])
    } else if (form.items) yield* objects(form.items, path)
    else if (typeof form.additionalProperties === 'object')
      yield* objects(form.additionalProperties, path)
  }
}
