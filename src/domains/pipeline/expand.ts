import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { StepFile } from '#contract/pipeline-file/step-file.ts'

/** A step as it runs: one combination of its matrix, or one part of it. */
export interface ExpandedStep {
  name: string
  /** its name in the file */
  origin: string
  step: StepFile
}

/** The variable with the number of the part of a split step, counted from 1. */
export const partVariable = 'FAIRLEAD_PART'

/**
 * Expands each step to the combinations of its matrix, and each combination to its parts, such as
 * `test-20-pg-1`. A step that needs an expanded step needs all of its combinations and parts.
 */
export function expandSteps(steps: PipelineFile['steps']): ExpandedStep[] {
  const names = Object.keys(steps)
  const expanded = new Map(Object.entries(steps).map(([name, step]) => [name, expand(name, step)]))
  return names.flatMap((origin, index) => {
    const needed = new Set(steps[origin]?.needs ?? names.slice(Math.max(0, index - 1), index))
    const needs = [...needed].flatMap(
      (need) => expanded.get(need)?.map(({ name }) => name) ?? [need],
    )
    return (expanded.get(origin) ?? []).map(({ name, env }) => {
      const { matrix: _matrix, ...step } = steps[origin] as StepFile
      const reports = step.reports.map((pattern) => substitute(pattern, env))
      return { name, origin, step: { ...step, needs, reports, env: { ...step.env, ...env } } }
    })
  })
}

/** The number of steps that a step expands to, which costs nothing to compute. */
export function expandedCount({ matrix, split }: StepFile): number {
  const combinations = Array.isArray(matrix)
    ? matrix.length
    : Object.values(matrix ?? {}).reduce((product, values) => product * values.length, 1)
  return combinations * (split?.into ?? 1)
}

/** An upper bound of the characters that a step expands to, computed without expanding it. */
export function expandedLength(step: StepFile): number {
  const { matrix: _matrix, reports, ...copied } = step
  const values = Array.isArray(step.matrix)
    ? step.matrix.flatMap((combination) => Object.values(combination))
    : Object.values(step.matrix ?? {}).flat()
  const longest = values.reduce((most, value) => Math.max(most, value.length), 2)
  const variables = reports.reduce((sum, pattern) => sum + pattern.split('$').length - 1, 0)
  const one = JSON.stringify(copied).length + reports.join().length + variables * longest
  return expandedCount(step) * one
}

/** The pipeline with its steps expanded. */
export const expandPipeline = <P extends PipelineFile>(pipeline: P): P => ({
  ...pipeline,
  steps: Object.fromEntries(expandSteps(pipeline.steps).map(({ name, step }) => [name, step])),
})

function expand(
  name: string,
  { matrix, split }: StepFile,
): { name: string; env: Record<string, string> }[] {
  const combinations = (matrix ? combinationsOf(matrix) : [{}]).map((env) => ({
    name: [name, ...Object.values(env).map(slug)].join('-'),
    env: env as Record<string, string>,
  }))
  if (!split) return combinations
  const parts = Array.from({ length: split.into }, (_, index) => String(index + 1))
  return combinations.flatMap((one) =>
    parts.map((part) => ({
      name: `${one.name}-${part}`,
      env: { ...one.env, [partVariable]: part, FAIRLEAD_PARTS: String(split.into) },
    })),
  )
}

/**
 * Replaces variables. Parts and combinations share a workspace, so reports are told apart by name.
 */
const substitute = (pattern: string, env: Record<string, string>): string =>
  pattern.replaceAll(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (found: string, a?: string, b?: string) => env[a ?? b ?? ''] ?? found,
  )

function combinationsOf(matrix: NonNullable<StepFile['matrix']>): Record<string, string>[] {
  if (Array.isArray(matrix)) return matrix
  return Object.entries(matrix).reduce<Record<string, string>[]>(
    (all, [variable, values]) =>
      all.flatMap((one) => values.map((value) => ({ ...one, [variable]: value }))),
    [{}],
  )
}

/** A value as a part of a name: `3.12` becomes `3-12`. */
const slug = (value: string): string =>
  value
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '') || 'none'
