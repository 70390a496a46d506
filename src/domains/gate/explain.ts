import type { ASTNode } from '@marcbachmann/cel-js'
import { expressions } from '#contract/gate/expression.ts'

/** Limit of items that a reason lists. */
const named = 5

type Facts = Record<string, unknown>

/**
 * Explains which values an expression compared and by how much the result holds or fails, one
 * sentence per comparison.
 */
export function explain(expression: string, facts: Facts, isTrue: boolean): string[] {
  return reasons(expressions.parse(expression).ast, facts, isTrue)
}

const textOf = (node: ASTNode): string => node.input.slice(node.start, node.end)
const valueOf = (node: ASTNode, facts: Facts): unknown => expressions.evaluate(textOf(node), facts)

function reasons(node: ASTNode, facts: Facts, isTrue: boolean): string[] {
  const { op } = node
  if (op === '&&' || op === '||') {
    const [left, right] = node.args
    // Only the operands that decided the result.
    return [left, right]
      .filter((side) => truth(side, facts) === isTrue)
      .flatMap((side) => reasons(side, facts, isTrue))
  }
  if (op === '!_') return reasons(node.args, facts, !isTrue)
  if (op === 'rcall') {
    const [method, list, [name, test]] = node.args
    if (name?.op === 'id' && test && (method === 'exists' || method === 'all'))
      return [elements({ list, name: name.args, test, facts, isAll: method === 'all', isTrue })]
  }
  if (op === '<' || op === '<=' || op === '>' || op === '>=' || op === '==' || op === '!=')
    return [comparison(op, node.args, facts, isTrue)]
  return [`\`${textOf(node)}\` is ${isTrue}`]
}

function truth(node: ASTNode, facts: Facts): boolean | null {
  try {
    return valueOf(node, facts) === true
  } catch {
    return null
  }
}

function comparison(
  op: string,
  [left, right]: [ASTNode, ASTNode],
  facts: Facts,
  isTrue: boolean,
): string {
  const [a, b] = [valueOf(left, facts), valueOf(right, facts)]
  const other = right.op === 'value' ? show(b) : `${textOf(right)}, ${show(b)}`
  const gap =
    isNumber(a) && isNumber(b) && op !== '==' && op !== '!=' ? by(Number(a) - Number(b)) : ''
  return `${textOf(left)} is ${show(a)}, which is ${isTrue ? '' : 'not '}${op} ${other}${gap}`
}

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint'

function by(gap: number): string {
  if (gap === 0) return ''
  return `: ${show(Math.abs(gap))} ${gap > 0 ? 'above' : 'below'} it`
}

interface Elements {
  list: ASTNode
  name: string
  test: ASTNode
  facts: Facts
  isAll: boolean
  isTrue: boolean
}

/** The elements that satisfy the test of `exists`, or that violate the test of `all`. */
function elements({ list, name, test, facts, isAll, isTrue }: Elements): string {
  const all = valueOf(list, facts)
  const size = all instanceof Map ? all.size : Array.isArray(all) ? all.length : 0
  if (isAll === isTrue)
    return isAll
      ? `all ${size} ${textOf(list)} meet the condition`
      : `none of ${size} ${textOf(list)} meets the condition`
  const how = isAll ? `!(${textOf(test)})` : textOf(test)
  const found = expressions.evaluate(`${textOf(list)}.filter(${name}, ${how})`, facts) as unknown[]
  const keys =
    all instanceof Map
      ? found.map((key) => `${String(key)}${showField(all.get(key))}`)
      : found.map(show)
  const more = keys.length > named ? ` and ${keys.length - named} more` : ''
  return `${keys.length} of ${size} ${textOf(list)}: ${keys.slice(0, named).join('; ')}${more}`
}

function show(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 100) / 100)
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  const get = reader(value)
  const place = get('file')
    ? `${get('file')}${get('line') && get('line') !== '0' ? `:${get('line')}` : ''} `
    : ''
  if (get('rule') !== null)
    return `${place}${get('message')} (${[get('tool'), get('rule')].filter(Boolean).join(' ')})`
  const cyclomatic = get('cyclomatic')
  if (cyclomatic !== null)
    return `${place}${get('name')} has complexity ${cyclomatic} (cognitive ${get('cognitive')})`
  return Array.isArray(value) ? `${value.length} items` : 'an object'
}

/** Reads the fields of a CEL value. */
function reader(value: unknown): (field: string) => string | null {
  if (typeof value !== 'object' || value === null) return () => null
  const fields = value instanceof Map ? value : new Map(Object.entries(value))
  return (field) => {
    const found: unknown = fields.get(field)
    return found === undefined || typeof found === 'object'
      ? null
      : String(found as string | number | bigint | boolean)
  }
}

function showField(fact: unknown): string {
  const get = reader(fact)
  const [change, worse] = [get('change'), get('worse')]
  if (change === null) return ` is ${get('value') ?? 'unknown'} ${get('unit') ?? ''}`.trimEnd()
  const least = worse === null ? '' : `, at least ${show(Number(worse))} % beyond its noise`
  const [value, before] = [show(Number(get('value'))), show(Number(get('before')))]
  const comparison = `${show(Number(change))} % worse${least}`
  return ` is ${value} ${get('unit') ?? ''}, was ${before}: ${comparison}`
}
