import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { StepFile } from '#contract/pipeline-file/step-file.ts'

/**
 * A step as it runs: one combination of its matrix, one of its parts. `of` is its name in the file.
 */
export interface ExpandedStep {
  name: string
  of: string
  step: StepFile
}

/**
 * Which part of a split step this is, from 1; part of its environment, so that its command may
 * know.
 */
export const partVariable = 'FAIRLEAD_PART'

/**
 * Every step as often as its matrix has combinations, and each of those in its parts:
 * `test-20-pg-1`. A step that needs one of these needs all of them, and so does the one written
 * below.
 */
export function expandSteps(steps: PipelineFile['steps']): ExpandedStep[] {
  const names = Object.keys(steps)
  const made = new Map(Object.entries(steps).map(([name, step]) => [name, expand(name, step)]))
  return names.flatMap((of, index) => {
    const needs = (steps[of]?.needs ?? names.slice(Math.max(0, index - 1), index)).flatMap(
      (need) => made.get(need)?.map(({ name }) => name) ?? [need],
    )
    return (made.get(of) ?? []).map(({ name, env }) => {
      const { matrix: _matrix, ...step } = steps[of] as StepFile
      const reports = step.reports.map((pattern) => named(pattern, env))
      return { name, of, step: { ...step, needs, reports, env: { ...step.env, ...env } } }
    })
  })
}

/** A pipeline with its steps expanded. */
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

/** Parts and combinations share a workspace: each reads the reports that have its own name. */
const named = (pattern: string, env: Record<string, string>): string =>
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

/** As it can stand in a name: `3.12` is `3-12`. */
const slug = (value: string): string =>
  value
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '') || 'none'
