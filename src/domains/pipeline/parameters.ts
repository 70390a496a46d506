import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'

export type Parameters =
  | { problem: null; parameters: Record<string, string> }
  | { problem: string; parameters?: never }

/**
 * The parameters of a run: what it was given, and the defaults of the file. A name or a value that
 * the file does not know is a problem.
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
        names.length === 0 ? 'fairlead.yaml has none' : `fairlead.yaml has ${names.join(', ')}`
      return { problem: `the run was given the parameter ${name}, which is not known; ${others}` }
    }
    if (file.options.length > 0 && !file.options.includes(value))
      return {
        problem: `the parameter ${name} must be ${file.options.join(' or ')}, and is ${JSON.stringify(value)}`,
      }
  }
  const defaults = names.map((name) => [name, parameters[name]?.default ?? ''])
  return {
    problem: null,
    parameters: { ...(Object.fromEntries(defaults) as Record<string, string>), ...given },
  }
}
