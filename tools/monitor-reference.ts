import { z } from 'zod'
import { isOnServer, type MonitorKind } from '../src/platform/monitor/monitor-kind.ts'
import { monitorKinds } from '../src/platform/monitor/kinds.generated.ts'

interface Schema {
  [key: string]: unknown
  properties?: Record<string, Schema>
  required?: string[]
}

const kinds = monitorKinds as unknown as readonly MonitorKind[]

const settingsOf = ({ settings }: MonitorKind): Schema => {
  const { $schema: _schema, ...schema } = z.toJSONSchema(settings, {
    ...{ io: 'input', target: 'draft-7' },
  }) as Schema
  return schema
}

/** The key of each kind with its settings, in the form of our schemas. */
export const monitorProperties = (): Record<string, Schema> =>
  Object.fromEntries(
    kinds.map((kind) => [kind.kind, { ...settingsOf(kind), description: kind.title }]),
  )

const begin = '<!-- monitors, generated -->'
const end = '<!-- end of monitors -->'

/** The documentation with one section for each kind of monitor. */
export const withMonitors = (text: string): string =>
  text.replace(
    /<!-- monitors, generated -->[\s\S]*?<!-- end of monitors -->/,
    () => `${begin}\n${kinds.map(sectionOf).join('\n\n')}\n${end}`,
  )

function sectionOf(kind: MonitorKind): string {
  const { properties = {}, required = [], shorthand } = settingsOf(kind)
  const rows = Object.entries(properties).map(([name, { description = '', default: fallback }]) => {
    const [, says = '', words] = /^(.*?)(?:; default: (.*))?$/.exec(String(description)) ?? []
    const otherwise = words ?? (fallback === undefined ? '' : valueOf(fallback))
    return `| \`${name}\` | ${says} | ${required.includes(name) ? '*must be given*' : otherwise} |`
  })
  const example = JSON.stringify(kind.example).replaceAll(/"(\w+)":/g, '$1: ')
  const short = typeof shorthand === 'string' ? ` A bare value stands for \`${shorthand}\`.` : ''
  const place = kind.isOnServer
    ? 'A `metric` is checked by the server, the rest by the host.'
    : `It is checked by the ${isOnServer(kind, {}) ? 'server' : 'host'}.`
  const failures = kind.failures === 1 ? 'one failed check' : `${kind.failures} failed checks`
  return [
    `### ${kind.kind}`,
    '',
    `${kind.title}.${short}`,
    place,
    `By default it is checked every ${kind.every / 1000} s,`,
    `and it is down after ${failures}.`,
    '',
    '```yaml',
    `${kind.kind}: ${example.replaceAll(/,(?=\w)/g, ', ')}`,
    '```',
    '',
    '| key | what it says | default |',
    '|---|---|---|',
    ...rows,
  ].join('\n')
}

const valueOf = (value: unknown): string =>
  Array.isArray(value)
    ? value.length === 0
      ? 'none'
      : value.map((one) => `\`${String(one)}\``).join(', ')
    : `\`${String(value)}\``
