import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The files that match a pattern, as paths from the repository's root. */
export const filesOf = (pattern: string): string[] =>
  globSync(pattern, { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .sort()

export const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

export const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file)

/** A string or template of a source file; an expression inside a template reads as `?`. */
export interface Literal {
  text: string
  /** the tag of a template, such as `sql`; null for an untagged template or a string */
  tag: string | null
  line: number
}

/** Every string and template of a source text, in order, without those of imports and types. */
export function literalsOf(file: string, source: string): Literal[] {
  const { program, errors } = parseSync(file, source)
  if (errors[0]) throw new Error(`${file} cannot be parsed: ${errors[0].message}`)
  const lineOf = (start: number): number => source.slice(0, start).split('\n').length
  const found: Literal[] = []
  const visit = (node: unknown, tag: string | null): void => {
    if (Array.isArray(node)) for (const one of node) visit(one, null)
    if (!isNode(node) || /^(Import|Export(All)?Decl|TS.*(Type|Interface|Literal))/.test(node.type))
      return
    if (node.type === 'TemplateLiteral')
      found.push({ text: textOfTemplate(node), tag, line: lineOf(node.start) })
    if (node.type === 'Literal' && typeof node['value'] === 'string')
      found.push({ text: node['value'], tag, line: lineOf(node.start) })
    for (const [key, value] of Object.entries(node)) {
      const isTemplate = node.type === 'TaggedTemplateExpression' && key === 'quasi'
      const of = node['tag'] as Node
      visit(value, isTemplate ? source.slice(of.start, of.end) : null)
    }
  }
  visit(program, null)
  return found
}

/** A regular expression of a source file; `text` is null when it is built at run time. */
export interface SourceExpression {
  text: string | null
  source: string
  flags: string
}

/** Every regular expression of a source text, in order. */
export function expressionsOf(file: string, source: string): SourceExpression[] {
  const { program, errors } = parseSync(file, source)
  if (errors[0]) throw new Error(`${file} cannot be parsed: ${errors[0].message}`)
  const found: SourceExpression[] = []
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit)
    if (!isNode(node)) return
    const { regex, callee } = node as { regex?: { pattern: string; flags: string }; callee?: Node }
    if (regex)
      found.push({
        text: `/${regex.pattern}/${regex.flags}`,
        source: regex.pattern,
        flags: regex.flags,
      })
    if (callee?.['name'] === 'RegExp')
      found.push({ text: null, source: source.slice(node.start, node.end), flags: '' })
    Object.values(node).forEach(visit)
  }
  visit(program)
  return found
}

interface Node extends Record<string, unknown> {
  type: string
  start: number
  end: number
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

const textOfTemplate = (node: Node): string =>
  (node['quasis'] as { value: { raw: string } }[]).map(({ value }) => value.raw).join('?')
