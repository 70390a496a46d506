import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'

export type Parameters =
  | { problem: null; parameters: Record<string, string> }
  | { problem: string; parameters?: never }

/**
 * The parameters of a run: the given values, and the defaults of the file for the others. A name or
 * value that the file does not declare is a problem.
 */
export function parametersOf(
  { parameters }: Pick<PipelineFile, 'parameters'>,
  given: Record<string, string>,
): Parameters {
  const names = Object.keys(parameters)
  for (const [name, value] of Object.entries(given)) {
    const file = parameters[name]
    if (!file) {
      const others =
        names.length === 0
          ? 'fairlead.yaml declares none'
          : `fairlead.yaml declares ${names.join(', ')}`
      return { problem: `the parameter ${name} is unknown; ${others}` }
    }
    if (file.options.length > 0 && !file.options.includes(value))
      return {
        problem:
          `the parameter ${name} must be ${file.options.join(' or ')}, ` +
          `not ${JSON.stringify(value)}`,
      }
  }
  const defaults = names.map((name) => [name, parameters[name]?.default ?? ''])
  return {
    problem: null,
    parameters: { ...(Object.fromEntries(defaults) as Record<string, string>), ...given },
  }
}
