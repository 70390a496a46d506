import { isDeepStrictEqual } from 'node:util'
import {
  defaultTarget,
  type TargetChoice,
  type TargetDescription,
} from '#contract/deployment/target.ts'
import { FairleadError } from '#contract/errors.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { Target, TargetDefinition, TargetIo } from './target.ts'

/** A target that is ready for use. */
export interface OpenTarget extends Target, TargetDescription {
  /** equal for two choices that hold the same things */
  id: string
}

/** Opens the target that an environment or a release names. */
export interface Targets {
  of(choice: TargetChoice): OpenTarget
}

export function createTargets(definitions: readonly TargetDefinition[], io: TargetIo): Targets {
  return {
    of: ({ kind, ...settings }) => {
      const definition = definitions.find((one) => one.kind === kind)
      if (!definition)
        throw new FairleadError('not_now', {
          why: `This version of Fairlead has no target \`${kind}\`; install one that has it`,
        })
      const config = definition.config.parse(settings)
      const { capabilities } = definition
      const host = hostOf(settings)
      const title =
        host === null
          ? definition.title
          : definition.title.replace('this machine', `the host ${host}`)
      const id = `${definition.place ?? kind} ${definition.identity(config)}`
      const description = { id, kind, title, capabilities: [...capabilities] }
      return { ...definition.open(config, io), ...description }
    },
  }
}

/** The target of a release: what its fairlead.yaml says of its environment. */
export function targetOf(
  definition: Pick<PipelineFile, 'environments'>,
  environment: string,
): TargetChoice {
  // Definitions that were stored before there were targets have none.
  const file = definition.environments[environment] as { target?: TargetChoice } | undefined
  return file?.target ?? defaultTarget
}

/** The host that the settings of a target name; null for the machine of the server. */
export const hostOf = ({ host }: Omit<TargetChoice, 'kind'>): string | null =>
  typeof host === 'string' ? host : null

/** The choices without those that equal an earlier one. */
export function distinctTargets(choices: TargetChoice[]): TargetChoice[] {
  return choices.filter(
    (one, index) => choices.findIndex((other) => isDeepStrictEqual(one, other)) === index,
  )
}
