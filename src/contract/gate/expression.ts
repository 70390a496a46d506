import { type ASTNode, Environment } from '@marcbachmann/cel-js'

/**
 * The names and types that a gate's expression can use, in CEL
 * (https://github.com/google/cel-spec). Unknown fields of a finding or a function are empty.
 */
const tests = {
  total: 'int',
  passed: 'int',
  failed: 'int',
  skipped: 'int',
  broken: 'int',
  quarantined: 'int',
  seconds: 'double',
}
const coverage = {
  total: 'double',
  changed: 'double',
  lines: 'int',
  changedLines: 'int',
  unreported: 'int',
}
const code = {
  files: 'int',
  lines: 'int',
  functions: 'int',
  highest: 'int',
  complex: 'int',
  duplicated: 'int',
  duplication: 'double',
}
const materials = { components: 'int' }
const finding = {
  ...{
    tool: 'string',
    rule: 'string',
    level: 'string',
    severity: 'string',
    message: 'string',
    file: 'string',
  },
  ...{ line: 'int', isNew: 'bool' },
}
const measurement = {
  value: 'double',
  unit: 'string',
  before: 'double',
  change: 'double',
  worse: 'double',
}
const complexity = { cyclomatic: 'int', cognitive: 'int' }
const functionFacts = {
  ...{
    file: 'string',
    name: 'string',
    line: 'int',
    lines: 'int',
    cyclomatic: 'int',
    cognitive: 'int',
    parameters: 'int',
  },
  ...{ isChanged: 'bool', before: 'Complexity' },
}

/** The vocabulary of gates, for the documentation. */
export const vocabulary = {
  tests,
  coverage,
  code,
  materials,
  finding,
  measurement,
  function: functionFacts,
}

export type FactName =
  | 'tests'
  | 'coverage'
  | 'code'
  | 'materials'
  | 'findings'
  | 'measurements'
  | 'functions'

/** A measurement in an expression. A missing field is unknown, and using it is an error. */
export interface MeasurementFact {
  value: number
  unit: string
  before?: number
  change?: number
  worse?: number
}

/** CEL identifies a type by the class of its values. */
class Measurement implements MeasurementFact {
  declare value: number
  declare unit: string
}

export const measurementFact = (fields: MeasurementFact): MeasurementFact =>
  Object.assign(new Measurement(), fields)

function createEnvironment(): Environment {
  const environment = new Environment({ limits: { maxAstNodes: 500, maxDepth: 50 } })
  environment.registerType('Complexity', { fields: complexity })
  environment.registerType('Finding', { fields: finding })
  environment.registerType('Function', { fields: functionFacts })
  environment.registerType('Measurement', { ctor: Measurement, fields: measurement })
  environment
    .registerVariable({ name: 'tests', schema: tests })
    .registerVariable({ name: 'coverage', schema: coverage })
    .registerVariable({ name: 'code', schema: code })
    .registerVariable({ name: 'materials', schema: materials })
    .registerVariable('findings', 'list<Finding>')
    .registerVariable('functions', 'list<Function>')
    .registerVariable('measurements', 'map<string, Measurement>')
    .registerVariable({ name: 'last', schema: { tests, coverage, code, materials } })
  return environment
}

export const expressions: Environment = createEnvironment()

/** The error in a gate's expression, as the rest of a sentence; null when it is valid. */
export function expressionProblem(text: string): string | null {
  const { valid, type, error } = expressions.check(text)
  if (!valid)
    return `is not a valid CEL expression: ${(error?.message ?? 'syntax error').split('\n')[0]}`
  return type === 'bool' ? null : `must be true or false, but is of type ${String(type)}`
}

/** Names that need a comparison with the last good release. */
const relative = new Set(['isNew', 'before', 'change', 'worse'])
/**
 * Fields of `coverage` that need the last good release, because it defines the lines of the change.
 */
const ofChange = new Set(['changed', 'changedLines', 'unreported'])

/** The names that an expression uses, and whether it compares with the last good release. */
export function needsOf(text: string): {
  now: Set<string>
  last: Set<string>
  isRelative: boolean
} {
  const needs = { now: new Set<string>(), last: new Set<string>(), isRelative: false }
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(walk)
    if (typeof node !== 'object' || node === null || !('op' in node)) return
    const { op, args } = node as ASTNode
    if (op === '.') {
      const [target, field] = args
      const isOfChange = target.op === 'id' && target.args === 'coverage' && ofChange.has(field)
      if (relative.has(field) || isOfChange) needs.isRelative = true
      if (target.op === 'id' && target.args === 'last') {
        needs.last.add(field)
        return
      }
    }
    if (op === 'id') needs.now.add(args)
    walk(args)
  }
  walk(expressions.parse(text).ast)
  return needs
}
